/** The view of one job: how it stands, what it counted, what failed, its history. */

import { bdi, h, setAttribute, setChildren, setText } from "../lib/dom.js";
import { NotFound, isEnd } from "../lib/errors.js";
import { exactUtc } from "../lib/format.js";
import { entriesOf } from "../lib/history.js";
import { createJobPageFeed } from "../lib/job-page-feed.js";
import { NEVER, createPoll } from "../lib/polling.js";
import { jobHash, jobsHash, NO_FILTERS } from "../lib/route.js";
import { outcomeOf, safeLink, titleOf } from "../lib/words.js";
import { createFreshness, headline } from "./freshness.js";
import { createJobAttempts } from "./job-attempts.js";
import { createCard } from "./job-card.js";
import { createJobCounters } from "./job-counters.js";
import { createFacts } from "./job-facts.js";
import { createJobHistory } from "./job-history.js";
import { tookText } from "./job-table.js";
import { createProgressBar } from "./progress-bar.js";
import { createStatePanel } from "./state-panel.js";
import { createStatusBadge } from "./status-badge.js";

/** @typedef {import("../lib/shapes.js").Job} Job */
/** @typedef {import("../lib/format.js").Format} Format */

/** A longer title than this is set smaller. */
const LONG_TITLE = 60;

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
  const badge = createStatusBadge();
  const title = bdi("");
  const heading = h("h1", { id: "job-title", tabindex: -1 }, title);
  const took = h("span", { class: "job-head__took" });
  const facts = createFacts("facts");
  const progress = createProgressBar(format);
  const progressCard = createCard("progress", "Progress", progress.element);
  const errorType = bdi("", "error-type");
  const errorText = bdi("", "error-text");
  const errorCard = createCard("error", "What went wrong", errorType, errorText);
  const counters = createJobCounters(format);
  const attempts = createJobAttempts({ format, now: clock.now });
  const tags = createFacts("facts facts--tags");
  const tagsCard = createCard("tags", "Tags", tags.element);
  const history = createJobHistory({ format, now: clock.now, onMore: () => void askMore() });
  const head = h("div", { class: "job-head" }, heading, badge.element, took);
  const body = h(
    "div",
    { class: "job-view__body" },
    head,
    errorCard,
    progressCard,
    facts.element,
    counters.element,
    attempts.element,
    tagsCard,
    history.element,
  );
  const panel = h("div");
  const element = h(
    "section",
    { class: "job-view", "aria-labelledby": "job-title" },
    h("div", { class: "view-head" }, back, freshness.element),
    freshness.banner,
    body,
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
    body.hidden = isGone || (job === null && pace.error !== null);
    setAttribute(body, "aria-busy", job === null ? "true" : null);
    setChildren(panel, body.hidden ? [panelElement(isGone)] : []);
    setAttribute(back, "href", listHash());
    freshness.update(isGone ? { ...pace, error: null } : pace, clock.now());
    if (job !== null) {
      renderJob(job);
    } else {
      setText(title, jobId);
    }
  }

  /** @param {Job} job */
  function renderJob(job) {
    const now = clock.now();
    badge.update(outcomeOf(job));
    setText(title, titleOf(job));
    setAttribute(heading, "class", titleOf(job).length > LONG_TITLE ? "is-long" : null);
    setText(took, tookText(job, now, format));
    setText(errorType, job.error?.type ?? "");
    setText(errorText, job.error?.message ?? "");
    errorCard.hidden = job.error === null;
    progress.update(job);
    facts.update(factsOf(job, now, format));
    counters.update(job);
    attempts.update(job);
    const tagFacts = Object.entries(job.tags).map(([label, text]) => ({ label, text }));
    tags.update(tagFacts);
    tagsCard.hidden = tagFacts.length === 0;
    renderHistory();
  }

  function renderHistory() {
    const known = feed.history();
    const isMissing = known.last === null && !feed.isHistoryRight();
    const entries = entriesOf(known);
    history.update(entries, {
      hasMore: known.last !== null && known.last.next_cursor !== null,
      isAsking: feed.isAskingMore(),
      note: isMissing
        ? "The history could not be fetched yet."
        : entries.length === 0
          ? "No event of this job is kept any more."
          : note,
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
        renderJob(job);
      }
    },
  };
}

/**
 * @param {Job} job
 * @param {number} now
 * @param {Format} format
 * @returns {import("./job-facts.js").Fact[]}
 */
function factsOf(job, now, format) {
  /** @type {(label: string, at: string | null) => import("./job-facts.js").Fact[]} */
  const time = (label, at) =>
    at === null ? [] : [{ label, text: format.time(at, now), title: exactUtc(at) }];
  /** @type {(label: string, text: string | null, href?: string) => import("./job-facts.js").Fact[]} */
  const text = (label, value, href) =>
    value === null || value === "" ? [] : [{ label, text: value, href }];
  const logs = safeLink(job.log_url);
  const seen = job.last_seen_at;
  return [
    ...text("Client", job.client_id, jobsHash({ ...NO_FILTERS, client_id: job.client_id })),
    ...text("Project", job.project_id),
    ...text("Pipeline", job.pipeline),
    ...text("Stage", job.stage),
    ...text("Attempt", format.number(job.attempt)),
    ...text("Job id", job.name === null ? null : job.job_id),
    ...text("Part of", job.parent_job_id, jobHash(job.parent_job_id ?? "")),
    ...time("Created", job.created_at),
    ...time("Started", job.started_at),
    ...time("Ended", job.ended_at),
    ...(seen === null
      ? []
      : [
          {
            label: "Last event",
            text: format.ago((now - Date.parse(seen)) / 1000),
            title: exactUtc(seen),
          },
        ]),
    ...(logs === null
      ? text("Logs", job.log_url)
      : [{ label: "Logs", text: "Open the logs ↗", href: logs, title: logs, outside: true }]),
  ];
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
