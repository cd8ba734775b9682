/** The first view: is my work all right? */

import { createClientTable } from "../components/figures/client-table.js";
import { createHourChart } from "../components/figures/hour-chart.js";
import { createJobLines } from "../components/job/job-lines.js";
import { createCard, createSkeleton } from "../components/page/card.js";
import { createLiveView } from "../components/page/live-view.js";
import { createStatePanel } from "../components/page/state-panel.js";
import { createOverviewFeed } from "../feeds/overview-feed.js";
import { h, setAttribute, setHidden, setText } from "../lib/dom.js";
import { ANY_FAILURE } from "../lib/filters.js";
import { exactUtc } from "../lib/format.js";
import { listHash } from "../lib/route.js";
import { verdictOf } from "../lib/verdict.js";

/** @type {readonly Tile[]} */
const TILES = [
  { name: "running", label: "Running", filters: { status: "running" } },
  { name: "queued", label: "Queued", filters: { status: "queued" } },
  { name: "stalled", label: "Stalled", filters: { status: "stalled" }, tone: "warn" },
  { name: "failed", label: "Failed in 24 h", filters: { result: ANY_FAILURE }, ends: true, tone: "bad" },
  { name: "ended", label: "Ended in 24 h", filters: { status: "completed" }, ends: true },
];

/** @param {Context} context */
export function createOverviewView(context) {
  const { api, format, clock, announce } = context;
  const feed = createOverviewFeed(api, clock.now);
  const now = clock.now;
  const verdict = h("p", { class: "verdict" });
  const newest = h("p", { class: "verdict__newest grows-left" });
  const box = h("div", { class: "verdict-box" }, verdict, newest);
  const tiles = TILES.map((tile) => createTile(tile, format));
  const chart = createHourChart(format);
  const attention = createLines(
    "attention",
    "Needs attention",
    "No job is stalled, failed or timed out.",
    context,
  );
  const running = createLines("running", "Running now", "No job is running.", context);
  const clients = createClientTable(format, now);
  const first = createStatePanel({
    shape: "empty",
    title: "Nothing has been reported yet",
    text: [
      "As soon as a pipeline reports its first job, this page fills by itself.",
      "Whoever runs your pipelines connects them, once; there is nothing for you to do.",
    ],
  });
  const full = h(
    "div",
    { class: "overview" },
    box,
    h("ul", { class: "tiles" }, ...tiles.map((tile) => tile.element)),
    createCard(
      "trend",
      "Ended, hour by hour",
      h("p", { class: "hour-chart__keys" }, h("span", {}, "Did not fail"), h("span", {}, "Failed or timed out")),
      chart.element,
    ),
    h("div", { class: "overview__pair" }, attention.element, running.element),
    clients.element,
  );
  const body = h("div", {}, first, full);
  let announced = "";

  /** @param {NonNullable<ReturnType<typeof feed.data>>} data */
  function updateAges(data) {
    const at = data.totals.last_event_at;
    setText(newest, at === null ? "" : `Newest event ${format.ago((now() - Date.parse(at)) / 1000)}`);
    setAttribute(newest, "title", at === null ? null : exactUtc(at));
    attention.update(data.attention);
    running.update(data.running);
    clients.update(data.clients, data.since);
  }

  return createLiveView(context, {
    name: "overview",
    title: "Overview",
    body,
    skeleton: h("div", { class: "overview" }, createSkeleton(1), createSkeleton(3),
      createSkeleton(2, "overview__pair")),
    backHash: "#/overview",
    reset() {},
    data: feed.data,
    async ask(signal) {
      await feed.ask(signal);
      return (feed.data()?.totals.running ?? 0) > 0;
    },
    render(data) {
      const isEmpty = data.totals.last_event_at === null && data.clients.length === 0;
      setHidden(first, !isEmpty);
      setHidden(full, isEmpty);
      const { tone, text } = verdictOf(data.totals, format);
      setAttribute(box, "data-tone", tone);
      setText(verdict, text);
      if (announced !== "" && announced !== text) {
        announce(text);
      }
      announced = text;
      for (const tile of tiles) {
        tile.update(data.totals, data.since);
      }
      chart.update(data.totals.hours, now());
      updateAges(data);
    },
    tick() {
      const data = feed.data();
      if (data !== null) {
        updateAges(data);
      }
    },
  });
}

/** @param {Tile} tile @param {Format} format */
function createTile({ name, label, filters, ends = false, tone }, format) {
  const figure = h("span", { class: "tile__figure" });
  const link = h(
    "a",
    { class: "tile surface" },
    h("span", { class: "tile__label" }, label),
    figure,
  );
  return {
    element: h("li", {}, link),
    /**
     * @param {Figures} totals
     * @param {string | null} since what has ended is counted from then on
     */
    update(totals, since) {
      const value = totals[name];
      const span = ends ? { ended_from: since } : {};
      setAttribute(link, "href", listHash("jobs", { ...filters, ...span }));
      setText(figure, value === null ? "many" : format.compact(value));
      setAttribute(link, "data-tone", value === 0 || tone === undefined ? null : tone);
    },
  };
}

/**
 * @param {string} name
 * @param {string} title
 * @param {string} nothing what stands there without a job
 * @param {Context} context
 */
function createLines(name, title, nothing, { format, clock }) {
  const lines = createJobLines({ format, now: clock.now });
  const none = h("p", { class: "quiet" }, nothing);
  return {
    element: createCard(name, title, lines.element, none),
    /** @param {Job[]} jobs */
    update(jobs) {
      lines.update(jobs);
      setHidden(lines.element, jobs.length === 0);
      setHidden(none, jobs.length > 0);
    },
  };
}
