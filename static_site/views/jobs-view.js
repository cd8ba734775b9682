/** The view of all jobs: filters, the live list, older pages. */

import { createJobTable, createTableSkeleton } from "../components/job/job-table.js";
import { createFilterChips } from "../components/lists/filter-chips.js";
import { createFilterForm } from "../components/lists/filter-form.js";
import { createSteadyList } from "../components/lists/steady-list.js";
import { createLiveView } from "../components/page/live-view.js";
import { isFiltered } from "../feeds/filtering.js";
import { PAGE_SIZE, anyRunning, createJobFeed } from "../feeds/job-list-feed.js";
import { h, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { FILTERS } from "../lib/filters.js";
import { Unavailable } from "../lib/problems.js";
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

const TIMES = ["from", "to", "ended_from", "ended_to"];

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
  const note = h("p", { class: "banner", role: "status", hidden: true });
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
  let shownZone = format.zone();
  /** @type {typeof import("../components/lists/asked-range.js") | undefined} */
  let range;
  let isRangeKnown = true;
  /** @type {Filters} */
  let chosen = {};
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
    tools: h("div", {}, filterForm.element, chips.element, note),
    body: h("div", {}, news.element, table.element, panel, foot),
    skeleton: createTableSkeleton(),
    backHash: "#/jobs",
    reset({ filters = {} }) {
      feed = newestFirst;
      table.tell(() => "");
      chosen = filters;
      isRangeKnown = !TIMES.some((name) => filters[name]);
      feed.reset(filters);
      news.forget();
      filterForm.update(filters);
      chips.update(filters, []);
      setText(olderFailed, "");
      isToBeAnnounced = isFiltered(filters);
    },
    async ask(signal) {
      if (!isRangeKnown) {
        range = await import("../components/lists/asked-range.js").catch(() => {
          throw new Unavailable("a part is missing");
        });
        newestFirst.reset(range.askedRange(chosen, clock.now(), format).filters);
        isRangeKnown = true;
      }
      const wanted = newestFirst.filters();
      if (wanted.sort && feed === newestFirst) {
        const { createSortedFeed, measureText } = await import("../feeds/sorted-feed.js");
        signal.throwIfAborted();
        table.tell((job) => measureText(wanted.sort, job, format));
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
    const said = range?.askedRange(chosen, clock.now(), format).note ?? "";
    setText(note, said);
    setHidden(note, said === "");
    if (shownZone !== format.zone()) {
      shownZone = format.zone();
      filterForm.update(chosen);
    }
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
      range: range?.rangeText(feed.filters(), clock.now(), format) ?? "",
      anyTime: listHash("jobs", range?.ofAnyTime(feed.filters())),
      onFurther: askOlder,
    };
    const wanted = kind === "" ? "" : JSON.stringify([kind, parts]);
    if (wanted !== shownPanel) {
      shownPanel = wanted;
      void showLater(kind, parts, wanted);
    }
  }

  /**
   * @param {ReturnType<typeof panelKind>} kind
   * @param {Parameters<typeof import("../components/lists/jobs-panel.js").createJobsPanel>[1]} parts
   * @param {string} wanted
   */
  async function showLater(kind, parts, wanted) {
    const loaded = kind && (await import("../components/lists/jobs-panel.js").catch(() => null));
    if (shownPanel === wanted) {
      setChildren(panel, kind && loaded ? [loaded.createJobsPanel(kind, parts)] : []);
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
