/**
 * The view of one job: its state, what it counted, what failed. What stands below that, from its time
 * to its history, is loaded once the summary is there.
 */

import { createJobBody, createJobHead } from "../components/job/job-body.js";
import { createSkeleton } from "../components/page/card.js";
import { createLiveView } from "../components/page/live-view.js";
import { createJobPageFeed } from "../feeds/job-page-feed.js";
import { bdi, h, loadStyle, setAttribute, setChildren } from "../lib/dom.js";
import { OUTCOMES, outcomeOf } from "../lib/outcomes.js";
import { titleOf } from "../lib/words.js";

const NOTHING = { items: [], hasMore: false, order: null };

async function loadDetails() {
  const [{ createJobDetails }] = await Promise.all([
    import("../components/timeline/job-details.js"),
    loadStyle("components/job/job-history.css"),
    loadStyle("components/timeline/job-times.css"),
    loadStyle("components/timeline/time-drawing.css"),
  ]);
  return createJobDetails;
}

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
  const below = h("div", { "aria-busy": true });
  const body = createJobBody({ format, now, details: below });
  /** @type {ReturnType<Awaited<ReturnType<typeof loadDetails>>> | null} */
  let details = null;
  let isLoading = false;

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
      details?.reset();
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
      renderDetails(job);
    },
    tick() {
      const job = feed.job();
      if (job !== null && job.status !== "completed") {
        head.update(job);
        body.update(job);
        renderDetails(job);
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

  /** @param {Job} job */
  function renderDetails(job) {
    if (details === null) {
      void fetchDetails();
      return;
    }
    const history = feed.history();
    const known = history ?? NOTHING;
    const isMissing = history === null && !feed.isHistoryRight();
    const note = moreFailed
      ? "Earlier events could not be fetched. Please try again."
      : historyNote(known.items.length, known.order, isMissing);
    const state = { isAsking: feed.isAskingMore(), note };
    details.update(job, known, feed.children() ?? NOTHING, state);
  }

  async function fetchDetails() {
    if (isLoading) {
      return;
    }
    isLoading = true;
    try {
      const create = await loadDetails();
      details = create(context, () => void askMore());
      setAttribute(below, "aria-busy", null);
      setChildren(below, [details.element]);
      view.update();
    } catch {
      // tried again with the next answer
      isLoading = false;
      setAttribute(below, "aria-busy", null);
      setChildren(below, [h("p", { class: "quiet" }, "A part of this page could not be fetched.")]);
    }
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
