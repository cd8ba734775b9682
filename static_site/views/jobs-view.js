/** The view of all jobs: filters, the live list, older pages. */

import { h, setAttribute, setChildren, setText } from "../lib/dom.js";
import { BadQuery, isEnd } from "../lib/errors.js";
import { createJobFeed } from "../lib/job-feed.js";
import { anyRunning } from "../lib/job-list.js";
import { NEVER, createPoll } from "../lib/polling.js";
import { FILTER_NAMES, jobsHash, withFilter } from "../lib/route.js";
import { createFreshness } from "./freshness.js";
import { createJobFilters } from "./job-filters.js";
import { createJobTable } from "./job-table.js";
import { createJobsPanel, panelKind } from "./jobs-panel.js";

/** @typedef {import("../lib/route.js").Filters} Filters */

/** @param {import("./context.js").Context} context */
export function createJobsView({ api, format, clock, isHidden, isOffline, onEnded, navigate }) {
  const feed = createJobFeed(api);
  const table = createJobTable({ format, now: clock.now });
  const filterForm = createJobFilters({
    onChoose: (name, value) => navigate(jobsHash(withFilter(feed.filters(), name, value))),
    onClear: () => navigate("#/jobs"),
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
      h("h1", { id: "jobs-title", tabindex: -1 }, "Jobs"),
      freshness.element,
    ),
    filterForm.element,
    freshness.banner,
    table.element,
    panel,
    foot,
  );

  let pace = NEVER;
  let shownPanel = "";
  let scrolled = 0;

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
      filterForm.offerClients([...new Set(list.jobs.map((job) => job.client_id))]);
    }
    const kind = panelKind({ list, filters: feed.filters(), error: pace.error, isAskingOlder });
    showPanel(kind);
    table.element.hidden = kind !== "";
    foot.hidden = kind !== "" || !list.loaded;
    older.hidden = list.endCursor === null;
    setAttribute(older, "aria-disabled", isAskingOlder ? "true" : null);
    setText(older, isAskingOlder ? "Loading …" : "Load older jobs");
    setText(span, spanText(list));
    freshness.update(pace, clock.now());
  }

  /** @param {import("./jobs-panel.js").PanelKind} kind */
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
        since,
        onTryNow: poll.hurry,
        onFurther: () => void askOlder(),
      };
      setChildren(panel, kind === "" ? [] : [createJobsPanel(kind, parts)]);
    }
  }

  /** @param {import("../lib/job-list.js").JobList} list */
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
    hash: () => jobsHash(feed.filters()),

    /** @param {{ filters: Filters }} route */
    show({ filters }) {
      const isSame = FILTER_NAMES.every((name) => filters[name] === feed.filters()[name]);
      if (!isSame || !feed.list().loaded) {
        feed.reset(filters);
        poll.reset();
        pace = NEVER;
        setText(olderFailed, "");
        table.showSkeleton();
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
