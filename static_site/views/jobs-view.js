/** The view of all jobs: filters, the live list, older pages. */

import { h, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { BadQuery, isEnd } from "../lib/errors.js";
import { anyRunning, createJobFeed } from "../lib/job-feed.js";
import { NEVER, createPoll } from "../lib/polling.js";
import { isFiltered, listHash } from "../lib/route.js";
import { RESULTS, STATUSES } from "../lib/words.js";
import { createFilterChips } from "./filter-chips.js";
import { createFilterForm } from "./filter-form.js";
import { createJobTable } from "./job-table.js";
import { createFreshness, headline } from "./live-view.js";
import { createStatePanel } from "./parts.js";

/** Which panel a situation calls for; none when there are jobs, or when they are on their way. */
export function panelKind({ list, filters, error, isAskingOlder }) {
  if (error instanceof BadQuery) {
    return "refused";
  }
  if (!list.loaded) {
    return error === null ? "" : "lost";
  }
  if (list.jobs.length > 0) {
    return "";
  }
  if (list.endCursor !== null) {
    return isAskingOlder ? "looking" : "further";
  }
  return isFiltered(filters) ? "no-match" : "empty";
}

export function createJobsPanel(kind, { error, isOffline, isOfError, since, onTryNow, onFurther }) {
  const clear = { label: "Clear filters", href: "#/jobs" };
  const sinceText = since === "" ? "" : ` since ${since}`;
  switch (kind) {
    case "refused":
      return createStatePanel({
        shape: "search",
        title: "This filter can’t be used",
        text: [error?.message ?? ""],
        actions: [clear],
      });
    case "lost":
      return createStatePanel({
        shape: "lost",
        title: headline(error, isOffline),
        text: ["Your jobs go on all the same. This page tries again by itself."],
        actions: [{ label: "Try now", run: onTryNow }],
      });
    case "looking":
      return createStatePanel({
        shape: "search",
        title: "Looking further back …",
        text: [`No matching job${sinceText} so far.`],
      });
    case "further":
      return createStatePanel({
        shape: "search",
        title: `No matching job${sinceText}`,
        text: ["There may be older ones.", ...(isOfError ? [TRIED_AGAIN] : [])],
        actions: [
          { label: "Look further back", run: onFurther },
          { ...clear, quiet: true },
        ],
      });
    case "no-match":
      return createStatePanel({
        shape: "search",
        title: "No job matches these filters",
        text: ["New ones appear here as soon as they report.", ...(isOfError ? [TRIED_AGAIN] : [])],
        actions: [clear],
      });
    case "empty":
      return createStatePanel({
        shape: "empty",
        title: "No jobs yet",
        text: ["As soon as a pipeline reports its first job, it appears here by itself."],
      });
  }
}

const TRIED_AGAIN = "A job that was tried again is no longer listed under what it failed of before.";

const FIELDS = [
  { name: "q", label: "Job id", kind: "text", any: "Begins with …" },
  { name: "client_id", label: "Client", kind: "text", any: "All clients" },
  { name: "status", label: "Status", kind: "select", any: "Any status", choices: STATUSES },
  { name: "result", label: "Result", kind: "select", any: "Any result", choices: RESULTS },
  { name: "project_id", label: "Project", kind: "text", any: "All projects", more: true },
  { name: "pipeline", label: "Pipeline", kind: "text", any: "All pipelines", more: true },
  { name: "from", label: "Created from", kind: "date", more: true },
  { name: "to", label: "Created up to", kind: "date", isEnd: true, more: true },
  { name: "parent_job_id", label: "Part of job", kind: "text", any: "Any job", more: true },
];

export function createJobsView(context) {
  const { api, format, clock, isHidden, isOffline, onEnded, navigate, announce } = context;
  const feed = createJobFeed(api);
  const table = createJobTable({ format, now: clock.now });
  const filterForm = createFilterForm({
    label: "Filter jobs",
    fields: FIELDS,
    onChange: (filters) => navigate(listHash("jobs", filters)),
  });
  const heading = h("h1", { id: "jobs-title", tabindex: -1 }, "Jobs");
  const chips = createFilterChips({
    format,
    now: clock.now,
    onChange(filters) {
      navigate(listHash("jobs", filters));
      heading.focus(); // what was pressed is gone
    },
  });
  const freshness = createFreshness({ format, isOffline, onTryNow: () => poll.hurry() });
  const span = h("p", { class: "jobs-view__span" });
  const older = h("button", { class: "button", type: "button", onclick: () => void askOlder() });
  const olderFailed = h("p", { class: "jobs-view__older-failed", role: "status" });
  const foot = h("div", { class: "jobs-view__foot" }, span, older, olderFailed);
  const panel = h("div");
  const element = h(
    "section",
    { class: "jobs-view", "aria-labelledby": "jobs-title" },
    h(
      "div",
      { class: "view-head" },
      heading,
      freshness.element,
    ),
    filterForm.element,
    chips.element,
    freshness.banner,
    table.element,
    panel,
    foot,
  );

  new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting) && !older.hidden && window.scrollY > 0) {
        void askOlder();
      }
    },
    { rootMargin: "400px" },
  ).observe(foot);
  let pace = NEVER;
  let shownPanel = "";
  let scrolled = 0;
  let isToBeSaid = false;

  const poll = createPoll({
    async ask(signal) {
      await feed.askNewest(signal);
      return { busy: anyRunning(feed.list().jobs) };
    },
    isHidden,
    clock,
    isFinal: (error) => isEnd(error) || error instanceof BadQuery,
    onPace(next) {
      pace = next;
      if (isEnd(pace.error)) {
        onEnded(pace.error);
        return;
      }
      render();
      if (isToBeSaid && pace.error === null) {
        isToBeSaid = false;
        announce(span.textContent);
      }
      if (pace.error === null && feed.list().jobs.length === 0) {
        void askOlder();
      }
    },
  });

  async function askOlder() {
    const asked = feed.askOlder();
    setText(olderFailed, "");
    render();
    try {
      await asked;
    } catch (error) {
      if (isEnd(error)) {
        onEnded(error);
        return;
      }
      setText(olderFailed, "Older jobs could not be fetched. Please try again.");
      if (!feed.list().loaded) {
        poll.hurry();
      }
    }
    render();
  }

  function render() {
    const list = feed.list();
    const isAskingOlder = feed.isAskingOlder();
    if (list.loaded) {
      table.update(list.jobs);
      for (const name of ["client_id", "project_id", "pipeline"]) {
        filterForm.offer(name, [...new Set(list.jobs.map((job) => job[name]))]);
      }
    }
    chips.update(feed.filters(), list.jobs);
    const kind = panelKind({ list, filters: feed.filters(), error: pace.error, isAskingOlder });
    showPanel(kind);
    setHidden(table.element, kind !== "");
    setHidden(foot, kind !== "" || !list.loaded);
    setHidden(older, list.endCursor === null);
    setAttribute(older, "aria-disabled", isAskingOlder ? "true" : null);
    setText(older, isAskingOlder ? "Loading …" : "Load older jobs");
    setText(span, spanText(list));
    freshness.update(pace, clock.now());
  }

  function showPanel(kind) {
    const from = feed.list().coversFrom;
    const since = from === null ? "" : format.time(from, clock.now());
    const message = pace.error?.message ?? "";
    const wanted = kind === "" ? "" : [kind, since, message, isOffline()].join("\n");
    if (wanted !== shownPanel) {
      shownPanel = wanted;
      const parts = {
        error: pace.error,
        isOffline: isOffline(),
        isOfError: Boolean(feed.filters().fingerprint),
        since,
        onTryNow: poll.hurry,
        onFurther: () => void askOlder(),
      };
      setChildren(panel, kind === "" ? [] : [createJobsPanel(kind, parts)]);
    }
  }

  function spanText({ jobs, endCursor }) {
    const count = jobs.length === 1 ? "1 job" : `${format.number(jobs.length)} jobs`;
    const last = jobs.at(-1);
    return endCursor === null || last === undefined
      ? `${count}, that is all`
      : `${count}, back to ${format.time(last.created_at, clock.now())}`;
  }

  return {
    element,
    poll,
    title: () => "Jobs",

    /** The address of the list as it was last shown. */
    hash: () => listHash("jobs", feed.filters()),

    show({ filters }) {
      const isSame = listHash("jobs", filters) === listHash("jobs", feed.filters());
      if (!isSame || !feed.list().loaded) {
        feed.reset(filters);
        poll.reset();
        pace = NEVER;
        setText(olderFailed, "");
        table.showSkeleton();
        isToBeSaid = isFiltered(filters);
      }
      filterForm.update(filters);
      render();
      poll.start();
      if (isSame) {
        window.scrollTo(0, scrolled);
      }
    },

    hide() {
      scrolled = window.scrollY;
      poll.stop();
    },

    tick() {
      table.tick();
      freshness.update(pace, clock.now());
    },
  };
}
