/** What all live views share: the poll, the age of the data, skeleton, trouble, and the data. */

import { NEVER, createPoll } from "../../feeds/polling.js";
import { h, setChildren, setHidden } from "../../lib/dom.js";
import { BadQuery, NotFound, isEnd } from "../../lib/problems.js";
import { createFreshness, headline, troublePanel } from "./freshness.js";
import { createStatePanel } from "./state-panel.js";

/**
 * @template T
 * @param {Context} context
 * @param {ViewParts<T>} parts
 */
export function createLiveView(context, parts) {
  const { format, clock, isHidden, isLive, isOffline, onEnded, onShown } = context;
  const { name, title = "", tools = null, body, skeleton, data, render } = parts;
  const freshness = createFreshness({ format, isLive, isOffline, onTryNow: () => poll.hurry() });
  const heading = parts.heading ?? h("h1", { id: `${name}-title`, tabindex: -1 }, title);
  const lead = parts.lead ?? null;
  const panel = h("div");
  const element = h(
    "section",
    { class: `${name}-view`, "aria-labelledby": `${name}-title` },
    parts.heading ? null : lead,
    h("div", { class: "view-head" }, parts.heading ? lead : heading, freshness.element),
    tools,
    freshness.banner,
    skeleton,
    body,
    panel,
  );
  skeleton.setAttribute("aria-hidden", "true");
  /** @type {Pace} */
  let pace = NEVER;
  let shownRoute = "";
  let shownPanel = "";
  let scrolled = 0;

  const poll = createPoll({
    ask: async (signal) => ({ busy: (await parts.ask(signal)) === true }),
    isHidden,
    isLive,
    clock,
    isFinal: (error) => isEnd(error) || error instanceof BadQuery,
    onPace(next) {
      pace = next;
      if (isEnd(pace.error)) {
        onEnded(pace.error);
        return;
      }
      update();
      if (pace.error === null) {
        onShown();
      }
    },
  });

  function updateFreshness() {
    freshness.update(isRefusal(pace.error) ? null : pace, clock.now());
  }

  function update() {
    const known = data();
    const isPanel = pace.error !== null && (known === null || isRefusal(pace.error));
    const isShown = known !== null && !isPanel;
    setHidden(skeleton, isPanel || known !== null);
    setHidden(body, !isShown);
    element.toggleAttribute("aria-busy", !skeleton.hidden);
    showPanel(isPanel ? pace.error : null);
    updateFreshness();
    if (isShown) {
      render(known);
    }
  }

  /** @param {unknown} error what to explain in place of the data, or null */
  function showPanel(error) {
    const wanted = error === null ? "" : `${error}\n${isOffline()}`;
    if (wanted !== shownPanel) {
      shownPanel = wanted;
      setChildren(panel, error === null ? [] : [createStatePanel(panelOf(error))]);
    }
  }

  /** @param {unknown} error @returns {Panel} */
  function panelOf(error) {
    if (!isRefusal(error)) {
      return troublePanel(headline(error, isOffline()), poll.hurry);
    }
    const isUnknown = error instanceof NotFound;
    if (isUnknown && parts.notFound !== undefined) {
      return parts.notFound();
    }
    return {
      shape: "search",
      title: isUnknown ? "There is no such thing here" : "This filter can’t be used",
      text: [error.message],
      actions: [{ label: parts.backLabel ?? "Clear filters", href: parts.backHash }],
    };
  }

  /**
   * Do something that the reader has asked for, and show what has come of it.
   *
   * @param {() => Promise<void>} action
   * @param {() => void} onFailure
   */
  async function act(action, onFailure) {
    try {
      await action();
    } catch (error) {
      if (isEnd(error)) {
        onEnded(error);
        return;
      }
      onFailure();
    }
    update();
  }

  return {
    element,
    heading,
    poll,
    act,
    update,
    title: () => heading.textContent ?? "",

    /** @param {Route} route */
    show(route) {
      const wanted = JSON.stringify(route);
      let stays = wanted === shownRoute;
      if (!stays) {
        shownRoute = wanted;
        pace = NEVER;
        poll.reset();
        stays = parts.reset(route) === true;
      }
      update();
      poll.start();
      window.scrollTo(0, stays ? scrolled : 0);
    },

    hide() {
      scrolled = window.scrollY;
      poll.stop();
    },

    tick() {
      updateFreshness();
      parts.tick?.();
    },
  };
}

/**
 * Return whether an error is the API's answer to this question, so that old data must not stand in
 * for it.
 *
 * @param {unknown} error
 * @returns {error is BadQuery | NotFound}
 */
function isRefusal(error) {
  return error instanceof BadQuery || error instanceof NotFound;
}
