/** The view of all jobs: filters, the live list, older pages. */

import { createJobTable, createTableSkeleton } from "../components/job/job-table.js";
import { createFilterChips } from "../components/lists/filter-chips.js";
import { createFilterForm } from "../components/lists/filter-form.js";
import { createSteadyList } from "../components/lists/steady-list.js";
import { createLiveView } from "../components/page/live-view.js";
import { createStatePanel } from "../components/page/state-panel.js";
import { isFiltered } from "../feeds/filtering.js";
import { PAGE_SIZE, anyRunning, createJobFeed } from "../feeds/job-list-feed.js";
import { h, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { FILTERS } from "../lib/filters.js";
import { listHash } from "../lib/route.js";
import { countOf } from "../lib/words.js";

/**
 * Return which panel an empty list calls for; "" when there are jobs.
 *
 * @param {JobList} list
 * @param {Filters} filters
 * @param {boolean} isAskingOlder
 * @returns {"" | "looking" | "further" | "no-match" | "empty"}
 */
export function panelKind({ jobs, endCursor }, filters, isAskingOlder) {
  if (jobs.length > 0) {
    return "";
  }
  if (endCursor !== null) {
    return isAskingOlder ? "looking" : "further";
  }
  return isFiltered(filters) ? "no-match" : "empty";
}

/**
 * @param {Exclude<ReturnType<typeof panelKind>, "">} kind
 * @param {{ since: string, isOfError: boolean, onFurther: () => void }} parts
 */
function createJobsPanel(kind, { since, isOfError, onFurther }) {
  const clear = { label: "Clear filters", href: "#/jobs" };
  const more = isOfError ? [TRIED_AGAIN] : [];
  /** @type {Record<typeof kind, Pick<Panel, "title" | "text" | "actions"> & Partial<Panel>>} */
  const kinds = {
    looking: { title: "Looking further back …", text: [`Jobs${since} are looked through.`] },
    further: {
      title: `No matching job${since}`,
      text: ["There may be older ones.", ...more],
      actions: [{ label: "Look further back", run: onFurther }, { ...clear, quiet: true }],
    },
    "no-match": {
      title: "No job matches these filters",
      text: ["New ones appear here as soon as they report.", ...more],
      actions: [clear],
    },
    empty: {
      shape: "empty",
      title: "No jobs yet",
      text: ["As soon as a pipeline reports its first job, it appears here by itself."],
    },
  };
  return createStatePanel({ shape: "search", ...kinds[kind] });
}

const TRIED_AGAIN =
  "A job with a new attempt is no longer listed under the error of the attempt before.";

/** @param {Context} context */
export function createJobsView(context) {
  const { api, format, clock, navigate, announce } = context;
  const newestFirst = createJobFeed(api, clock.now);
  /** @type {typeof newestFirst | undefined} */
  let sorted;
  let feed = newestFirst;
  const table = createJobTable({ format, now: clock.now });
  const filterForm = createFilterForm({
    label: "Filter jobs",
    filters: FILTERS.jobs,
    context,
    onChange: (filters) => navigate(listHash("jobs", filters)),
  });
  const chips = createFilterChips({
    filters: FILTERS.jobs,
    format,
    now: clock.now,
    onChange(filters) {
      navigate(listHash("jobs", filters));
      // the button has gone
      view.heading.focus();
    },
  });
  const span = h("p", { class: "jobs-view__span" });
  const older = h("button", { class: "button", type: "button", onclick: () => void askOlder() });
  const olderFailed = h("p", { class: "jobs-view__older-failed", role: "status" });
  const foot = h("div", { class: "jobs-view__foot" }, span, older, olderFailed);
  const panel = h("div");
  const news = createSteadyList(
    {
      keyOf: (/** @type {Job} */ job) => job.job_id,
      update: table.update,
      words: ["job", "jobs"],
      onCatchUp() {
        feed.catchUp();
        view.update();
      },
    },
    context,
  );
  let shownPanel = "";
  let isToBeAnnounced = false;

  new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting) && !older.hidden && window.scrollY > 0) {
        void askOlder();
      }
    },
    { rootMargin: "400px" },
  ).observe(foot);

  const view = createLiveView(context, {
    name: "jobs",
    title: "Jobs",
    tools: h("div", {}, filterForm.element, chips.element),
    body: h("div", {}, news.element, table.element, panel, foot),
    skeleton: createTableSkeleton(),
    backHash: "#/jobs",
    reset({ filters = {} }) {
      feed = newestFirst;
      feed.reset(filters);
      news.forget();
      filterForm.update(filters);
      chips.update(filters, []);
      setText(olderFailed, "");
      isToBeAnnounced = isFiltered(filters);
    },
    async ask(signal) {
      const wanted = newestFirst.filters();
      if (wanted.sort && feed === newestFirst) {
        const { createSortedFeed } = await import("../feeds/sorted-feed.js");
        signal.throwIfAborted();
        sorted ??= createSortedFeed(api, clock.now, () => view.update());
        sorted.reset(wanted);
        feed = sorted;
      }
      await feed.askNewest(signal);
      if (news.isUnread()) {
        feed.catchUp();
      }
      const list = feed.list();
      if (isToBeAnnounced) {
        isToBeAnnounced = false;
        announce(spanText(list));
      }
      if (list.jobs.length === 0) {
        void askOlder();
      }
      return anyRunning(list.jobs);
    },
    data: () => (feed.list().loaded ? feed.list() : null),
    render,
    tick: table.tick,
  });

  function askOlder() {
    setText(olderFailed, "");
    const asked = view.act(feed.askOlder, () => {
      setText(olderFailed, "Older jobs could not be fetched. Please try again.");
      if (!feed.list().loaded) {
        view.poll.hurry();
      }
    });
    view.update();
    return asked;
  }

  /** @param {JobList} list */
  function render(list) {
    const isAskingOlder = feed.isAskingOlder();
    news.update(list.jobs, list.endCursor !== null);
    for (const [name, { field }] of Object.entries(FILTERS.jobs)) {
      if (field?.isOffered) {
        filterForm.offer(name, list.jobs.map((job) => job[/** @type {"client_id"} */ (name)]));
      }
    }
    chips.update(feed.filters(), list.jobs);
    const kind = panelKind(list, feed.filters(), isAskingOlder);
    showPanel(kind, list.coversFrom);
    setHidden(table.element, kind !== "");
    setHidden(foot, kind !== "");
    setHidden(older, list.endCursor === null);
    setAttribute(older, "aria-disabled", isAskingOlder ? "true" : null);
    setText(older, isAskingOlder ? "Loading …" : "Load older jobs");
    setText(span, spanText(list));
  }

  /**
   * @param {ReturnType<typeof panelKind>} kind
   * @param {string | null} from how far back the API has looked
   */
  function showPanel(kind, from) {
    const parts = {
      since: from === null ? "" : ` since ${format.time(from, clock.now())}`,
      isOfError: Boolean(feed.filters().fingerprint),
      onFurther: askOlder,
    };
    const wanted = kind === "" ? "" : JSON.stringify([kind, parts]);
    if (wanted !== shownPanel) {
      shownPanel = wanted;
      setChildren(panel, kind === "" ? [] : [createJobsPanel(kind, parts)]);
    }
  }

  /** @param {JobList} list */
  function spanText({ jobs, endCursor }) {
    const { ended_from: endedFrom, by, sort } = feed.filters();
    const isByEnd = endedFrom || by;
    const count = `${countOf(jobs.length, "job", "jobs", format)}${isByEnd ? " by the last attempt" : ""}`;
    const last = jobs.at(-1);
    if (sort && jobs.length === PAGE_SIZE) {
      return `${count}: the ${sort === "cost" ? "dearest" : "longest"} of all that match.`;
    }
    return endCursor === null || last === undefined
      ? `${count}. There are no more.`
      : `${count}, the oldest of ${format.time(last.created_at, clock.now())}.`;
  }

  return view;
}
