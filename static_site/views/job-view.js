/** The view of one job: how it stands, what it counted, what failed, its history. */

import { createJobBody } from "../components/job/job-body.js";
import { createJobHistory } from "../components/job/job-history.js";
import { createJobLines } from "../components/job/job-lines.js";
import { createCard } from "../components/page/card.js";
import { createFreshness, headline, troublePanel } from "../components/page/freshness.js";
import { createStatePanel } from "../components/page/state-panel.js";
import { createJobPageFeed, entriesOf } from "../feeds/job-page-feed.js";
import { NEVER, createPoll } from "../feeds/polling.js";
import { bdi, h, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { NotFound, isEnd } from "../lib/problems.js";
import { listHash } from "../lib/route.js";
import { OUTCOME_LABELS, countOf, outcomeOf, titleOf } from "../lib/words.js";

export function createJobView(context, listAddress) {
  const { api, format, clock, isHidden, isOffline, onEnded, announce } = context;
  let jobId = "";
  let feed = createJobPageFeed(api, jobId);
  let pace = NEVER;
  let note = "";
  let said = "";

  const freshness = createFreshness({ format, isOffline, onTryNow: () => poll.hurry() });
  const back = h("a", { class: "back-link" }, "← All jobs");
  const history = createJobHistory({ format, now: clock.now, onMore: () => void askMore() });
  const children = createChildren(context);
  const body = createJobBody({
    format,
    now: clock.now,
    history: history.element,
    children: children.element,
  });
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
      sayOutcome();
    },
  });

  function sayOutcome() {
    const job = feed.job();
    const outcome = job === null ? "" : outcomeOf(job);
    if (said !== "" && said !== outcome) {
      announce(`${titleOf(job)}: ${OUTCOME_LABELS[outcome]}`);
    }
    said = outcome;
  }

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
    setHidden(body.element, isPanel);
    setChildren(panel, isPanel ? [panelElement(isGone)] : []);
    setAttribute(back, "href", listAddress());
    freshness.update(isGone ? null : pace, clock.now());
    if (job === null) {
      body.showWaiting(jobId);
    } else {
      body.update(job);
      children.update(jobId, feed.children());
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

  function panelElement(isGone) {
    const key = isGone ? `gone ${jobId}` : headline(pace.error, isOffline());
    if (key !== shownPanel.key) {
      const made = isGone
        ? notFoundPanel(jobId, listAddress())
        : createStatePanel({ ...troublePanel(key, poll.hurry), heading: "h1" });
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

    show(route) {
      if (route.id !== jobId) {
        jobId = route.id;
        feed = createJobPageFeed(api, jobId);
        poll.reset();
        pace = NEVER;
        note = "";
        said = "";
      }
      render();
      poll.start();
      window.scrollTo(0, 0);
    },

    hide() {
      poll.stop();
    },

    tick() {
      freshness.update(pace.error instanceof NotFound ? null : pace, clock.now());
      const job = feed.job();
      if (job !== null && job.status !== "completed") {
        body.update(job);
      }
    },
  };
}

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

function notFoundPanel(jobId, href) {
  return createStatePanel({
    shape: "search",
    heading: "h1",
    title: "There is no such job",
    text: [
      h("span", {}, "Nothing is known of ", bdi(jobId, "mono"), ", or it isn’t yours to see."),
      "If it has only just been started, it appears here as soon as it reports.",
    ],
    actions: [{ label: "All jobs", href }],
  });
}

function createChildren({ format, clock }) {
  const lines = createJobLines({ format, now: clock.now });
  const count = h("p", { class: "quiet" });
  const all = h("a", {}, "Show them in the list of jobs");
  const element = createCard("children", "Its parts", count, lines.element, all);
  return {
    element,

    update(jobId, page) {
      const jobs = page?.items ?? [];
      const failed = jobs.filter((job) => ["failed", "timed_out"].includes(outcomeOf(job))).length;
      const more = page?.next_cursor ? "More than " : "";
      const total = countOf(jobs.length, "job", "jobs", format);
      setText(count, `${more}${total}, ${failed === 0 ? "none" : format.number(failed)} failed`);
      lines.update(jobs);
      setAttribute(all, "href", listHash("jobs", { parent_job_id: jobId }));
      setHidden(element, jobs.length === 0);
    },
  };
}
