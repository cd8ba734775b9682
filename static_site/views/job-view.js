/** The view of one job: its state, what it counted, what failed, its history. */

import { createJobBody, createJobHead } from "../components/job/job-body.js";
import { createJobHistory } from "../components/job/job-history.js";
import { createJobLines } from "../components/job/job-lines.js";
import { createCard, createSkeleton } from "../components/page/card.js";
import { createLiveView } from "../components/page/live-view.js";
import { createJobPageFeed } from "../feeds/job-page-feed.js";
import { bdi, h, setAttribute, setHidden, setText } from "../lib/dom.js";
import { FAILURES, OUTCOMES, outcomeOf } from "../lib/outcomes.js";
import { listHash } from "../lib/route.js";
import { countOf, titleOf } from "../lib/words.js";

const NO_HISTORY = { items: [], hasMore: false, order: null };

/**
 * @param {Context} context
 * @param {() => string} listAddress the hash of the list of jobs, as it was left
 */
export function createJobView(context, listAddress) {
  const { api, format, clock, announce } = context;
  const now = clock.now;
  let jobId = "";
  let feed = createJobPageFeed(api, jobId);
  let moreFailed = false;
  let outcome = "";

  const back = h("a", { class: "back-link" }, "← All jobs");
  const head = createJobHead({ format, now });
  const history = createJobHistory({ format, now, onMore: () => void askMore() });
  const children = createChildren(context);
  const body = createJobBody({
    format,
    now,
    history: history.element,
    children: children.element,
  });

  const view = createLiveView(context, {
    name: "job",
    heading: head.heading,
    lead: back,
    tools: head.element,
    skeleton: createSkeleton(3, "job-body__parts"),
    body: body.element,
    backHash: "#/jobs",
    notFound: () => notFoundPanel(jobId, listAddress()),
    reset({ id = "" }) {
      jobId = id;
      feed = createJobPageFeed(api, jobId);
      moreFailed = false;
      outcome = "";
      setAttribute(back, "href", listAddress());
      head.showWaiting(jobId);
      // of no event yet: another job's events may have the same ids
      renderHistory();
    },
    async ask(signal) {
      await feed.ask(signal);
      return feed.job()?.status !== "completed";
    },
    data: () => feed.job(),
    render(job) {
      announceOutcome(job);
      head.update(job);
      body.update(job);
      children.update(jobId, feed.children());
      renderHistory();
    },
    tick() {
      const job = feed.job();
      if (job !== null && job.status !== "completed") {
        head.update(job);
        body.update(job);
      }
    },
  });

  /** @param {Job} job */
  function announceOutcome(job) {
    const before = outcome;
    outcome = outcomeOf(job);
    if (before !== "" && before !== outcome) {
      announce(`${titleOf(job)}: ${OUTCOMES[outcome].label}`);
    }
  }

  function askMore() {
    moreFailed = false;
    const asked = view.act(feed.askMore, () => {
      moreFailed = true;
    });
    view.update();
    return asked;
  }

  function renderHistory() {
    const known = feed.history();
    const { items, hasMore, order } = known ?? NO_HISTORY;
    const isMissing = known === null && !feed.isHistoryRight();
    const note = moreFailed
      ? "Later events could not be fetched. Please try again."
      : historyNote(items.length, order, isMissing);
    history.update(items, { hasMore, isAsking: feed.isAskingMore(), note });
  }

  return view;
}

/** @param {number} count @param {string | null} order @param {boolean} isMissing */
function historyNote(count, order, isMissing) {
  if (isMissing) {
    return "The history could not be fetched yet.";
  }
  if (count === 0) {
    return "No event of this job is kept any more.";
  }
  if (order === "received_at") {
    return "There are so many events that they are listed as they came in, not by time.";
  }
  return order === "event_id"
    ? "There are so many events that they are listed by their ids, not by time."
    : "";
}

/** @param {string} jobId @param {string} href @returns {Panel} */
function notFoundPanel(jobId, href) {
  return {
    shape: "search",
    title: "There is no such job",
    text: [
      h("span", {}, "Nothing is known of ", bdi(jobId, "mono"), ", or you may not see it."),
      "A new job appears here with its first event.",
    ],
    actions: [{ label: "All jobs", href }],
  };
}

/** @param {Context} context */
function createChildren({ format, clock }) {
  const lines = createJobLines({ format, now: clock.now });
  const count = h("p", { class: "quiet" });
  const all = h("a", {}, "Show them in the list of jobs");
  const element = createCard("children", "Parts of this job", count, lines.element, all);
  return {
    element,

    /** @param {string} jobId @param {Page<Job> | null} page */
    update(jobId, page) {
      const jobs = page?.items ?? [];
      const failed = jobs.filter((job) => FAILURES.includes(outcomeOf(job))).length;
      const more = page?.next_cursor ? "More than " : "";
      const total = countOf(jobs.length, "job", "jobs", format);
      setText(count, `${more}${total}, ${failed === 0 ? "none" : format.number(failed)} failed`);
      lines.update(jobs);
      setAttribute(all, "href", listHash("jobs", { parent_job_id: jobId }));
      setHidden(element, jobs.length === 0);
    },
  };
}
