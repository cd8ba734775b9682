/** The view of one job: how it stands, what it counted, what failed, its history. */

import { bdi, h, setAttribute, setChildren } from "../lib/dom.js";
import { NotFound, isEnd } from "../lib/errors.js";
import { entriesOf } from "../lib/history.js";
import { createJobPageFeed } from "../lib/job-page-feed.js";
import { NEVER, createPoll } from "../lib/polling.js";
import { titleOf } from "../lib/words.js";
import { createFreshness, headline } from "./freshness.js";
import { createJobBody } from "./job-body.js";
import { createJobHistory } from "./job-history.js";
import { createStatePanel } from "./state-panel.js";

/**
 * @param {import("./context.js").Context} context
 * @param {() => string} listHash where the way back leads
 */
export function createJobView({ api, format, clock, isHidden, isOffline, onEnded }, listHash) {
  let jobId = "";
  let feed = createJobPageFeed(api, jobId);
  let pace = NEVER;
  let note = "";

  const freshness = createFreshness({ format, isOffline, onTryNow: () => poll.hurry() });
  const back = h("a", { class: "back-link" }, "← All jobs");
  const history = createJobHistory({ format, now: clock.now, onMore: () => void askMore() });
  const body = createJobBody({ format, now: clock.now, history: history.element });
  const panel = h("div");
  const element = h(
    "section",
    { class: "job-view", "aria-labelledby": "job-title" },
    h("div", { class: "view-head" }, back, freshness.element),
    freshness.banner,
    body.element,
    panel,
  );

  const poll = createPoll({
    async ask(signal) {
      await feed.ask(signal);
      const job = feed.job();
      return { busy: job !== null && job.status !== "completed" };
    },
    isHidden,
    clock,
    isFinal: isEnd,
    onPace(next) {
      pace = next;
      if (isEnd(pace.error)) {
        onEnded(pace.error);
        return;
      }
      render();
    },
  });

  async function askMore() {
    const asked = feed.askMore();
    note = "";
    render();
    try {
      await asked;
    } catch (error) {
      if (isEnd(error)) {
        onEnded(error);
        return;
      }
      note = "Later events could not be fetched. Please try again.";
    }
    render();
  }

  function render() {
    const job = feed.job();
    const isGone = pace.error instanceof NotFound;
    const isPanel = isGone || (job === null && pace.error !== null);
    body.element.hidden = isPanel;
    setChildren(panel, isPanel ? [panelElement(isGone)] : []);
    setAttribute(back, "href", listHash());
    freshness.update(isGone ? { ...pace, error: null } : pace, clock.now());
    if (job === null) {
      body.showWaiting(jobId);
    } else {
      body.update(job);
    }
    renderHistory();
  }

  function renderHistory() {
    const known = feed.history();
    const isMissing = known.last === null && !feed.isHistoryRight();
    const entries = entriesOf(known);
    history.update(entries, {
      hasMore: known.last !== null && known.last.next_cursor !== null,
      isAsking: feed.isAskingMore(),
      note: note || historyNote(known, isMissing),
    });
  }

  let shownPanel = { key: "", element: h("div") };

  /** @param {boolean} isGone */
  function panelElement(isGone) {
    const key = isGone ? `gone ${jobId}` : headline(pace.error, isOffline());
    if (key !== shownPanel.key) {
      const made = isGone
        ? notFoundPanel(jobId, listHash())
        : createStatePanel({
            shape: "lost",
            title: key,
            text: ["Your jobs go on all the same. This page tries again by itself."],
            actions: [{ label: "Try now", run: poll.hurry }],
          });
      shownPanel = { key, element: made };
    }
    return shownPanel.element;
  }

  return {
    element,
    poll,
    shownId: () => jobId,
    title: () => {
      const job = feed.job();
      return job === null ? jobId : titleOf(job);
    },

    /** @param {{ jobId: string }} route */
    show(route) {
      if (route.jobId !== jobId) {
        jobId = route.jobId;
        feed = createJobPageFeed(api, jobId);
        poll.reset();
        pace = NEVER;
        note = "";
      }
      render();
      poll.start();
      window.scrollTo(0, 0);
    },

    hide() {
      poll.stop();
    },

    tick() {
      freshness.update(pace.error instanceof NotFound ? NEVER : pace, clock.now());
      const job = feed.job();
      if (job !== null && job.status !== "completed") {
        body.update(job);
      }
    },
  };
}

/**
 * @param {import("../lib/history.js").History} known
 * @param {boolean} isMissing
 */
function historyNote({ settled, last }, isMissing) {
  if (isMissing) {
    return "The history could not be fetched yet.";
  }
  if (settled.length === 0 && last?.items.length === 0) {
    return "No event of this job is kept any more.";
  }
  return last?.order === "event_id"
    ? "There are so many events that they are listed by their ids, not by time."
    : "";
}

/**
 * @param {string} jobId
 * @param {string} href
 */
function notFoundPanel(jobId, href) {
  return createStatePanel({
    shape: "search",
    title: "There is no such job",
    text: [
      h("span", {}, "Nothing is known of ", bdi(jobId, "mono"), ", or it isn’t yours to see."),
      "If it has only just been started, it appears here as soon as it reports.",
    ],
    actions: [{ label: "All jobs", href }],
  });
}
