/** What all live views share: the poll, the age of the data, skeleton, trouble, and the data. */

import { NEVER, createPoll } from "../../feeds/polling.js";
import { h, setChildren, setHidden } from "../../lib/dom.js";
import { BadQuery, NotFound, isEnd } from "../../lib/problems.js";
import { createFreshness, headline, troublePanel } from "./freshness.js";
import { createStatePanel } from "./state-panel.js";

/**
 * Make a view out of its parts.
 *
 * `ask` fetches, `data` gives what is here or null, `render` brings `body` up to date, `reset`
 * begins with another route. `lead` stands before the heading, `tools` below it.
 */
export function createLiveView(context, parts) {
  const { format, clock, isHidden, isOffline, onEnded } = context;
  const { name, title, lead = null, tools = null, body, skeleton, data, render } = parts;
  const freshness = createFreshness({ format, isOffline, onTryNow: () => poll.hurry() });
  const heading = h("h1", { id: `${name}-title`, tabindex: -1 }, title);
  const panel = h("div");
  const element = h(
    "section",
    { class: `${name}-view`, "aria-labelledby": `${name}-title` },
    lead,
    h("div", { class: "view-head" }, heading, freshness.element),
    tools,
    freshness.banner,
    skeleton,
    body,
    panel,
  );
  skeleton.setAttribute("aria-hidden", "true");
  let pace = NEVER;
  let shownRoute = "";
  let shownPanel = "";
  let scrolled = 0;

  const isFinal = (error) =>
    isEnd(error) || error instanceof BadQuery || error instanceof NotFound;

  const poll = createPoll({
    ask: async (signal) => ({ busy: (await parts.ask(signal)) === true }),
    isHidden,
    clock,
    isFinal,
    onPace(next) {
      pace = next;
      if (isEnd(pace.error)) {
        onEnded(pace.error);
      } else {
        update();
      }
    },
  });

  function update() {
    const known = data();
    const isRefused = pace.error !== null && isFinal(pace.error);
    const isPanel = isRefused || (known === null && pace.error !== null);
    setHidden(skeleton, isPanel || known !== null);
    setHidden(body, isPanel || known === null);
    element.toggleAttribute("aria-busy", !skeleton.hidden);
    showPanel(isPanel, isRefused);
    freshness.update(isRefused ? null : pace, clock.now());
    if (!body.hidden) {
      render(known);
    }
  }

  function showPanel(isPanel, isRefused) {
    const wanted = isPanel ? `${pace.error.message}\n${isOffline()}` : "";
    if (wanted === shownPanel) {
      return;
    }
    shownPanel = wanted;
    const made = isRefused
      ? { shape: "search", title: refusal(pace.error), text: [pace.error.message],
          actions: [{ label: parts.backLabel ?? "Clear filters", href: parts.backHash }] }
      : troublePanel(headline(pace.error, isOffline()), poll.hurry);
    setChildren(panel, isPanel ? [createStatePanel(made)] : []);
  }

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
    title: () => heading.textContent,

    show(route) {
      const wanted = JSON.stringify(route);
      const isSame = wanted === shownRoute;
      if (!isSame) {
        shownRoute = wanted;
        pace = NEVER;
        poll.reset();
        parts.reset(route);
      }
      update();
      poll.start();
      window.scrollTo(0, isSame ? scrolled : 0);
    },

    hide() {
      scrolled = window.scrollY;
      poll.stop();
    },

    tick() {
      freshness.update(pace.error !== null && isFinal(pace.error) ? null : pace, clock.now());
      parts.tick?.();
    },
  };
}

function refusal(error) {
  return error instanceof NotFound ? "There is no such thing here" : "This filter can’t be used";
}
