/** The first view: is my work all right? */

import { createClientTable } from "../components/figures/client-table.js";
import { createHourChart } from "../components/figures/hour-chart.js";
import { createJobLines } from "../components/job/job-lines.js";
import { createCard, createSkeleton } from "../components/page/card.js";
import { createLiveView } from "../components/page/live-view.js";
import { createStatePanel } from "../components/page/state-panel.js";
import { createOverviewFeed } from "../feeds/overview-feed.js";
import { h, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { ANY_FAILURE } from "../lib/filters.js";
import { exactUtc } from "../lib/format.js";
import { listHash } from "../lib/route.js";
import { toneOfFailures, verdictOf } from "../lib/verdict.js";

/** @type {readonly Tile[]} */
const TILES = [
  { name: "running", label: "Running", filters: { status: "running" } },
  { name: "queued", label: "Queued", filters: { status: "queued" } },
  { name: "stalled", label: "Stalled", filters: { status: "stalled" }, toneOf: () => "warn" },
  {
    name: "failed",
    label: "Failed in 24 h",
    filters: { result: ANY_FAILURE },
    ends: true,
    toneOf: toneOfFailures,
    noteOf: ({ error_rate: rate, failed }, format) =>
      rate === null || failed === 0 ? "" : `${format.rate(rate)} of jobs`,
  },
  {
    name: "partial",
    label: "Partial in 24 h",
    filters: { result: "partial" },
    ends: true,
    toneOf: () => "warn",
    noteOf: ({ records: { failed, all }, partial }, format) =>
      partial === 0 || failed <= 0 || failed > all ? "" : `${format.rate(failed / all)} of records failed`,
  },
  {
    name: "ended",
    label: "Ended in 24 h",
    filters: { status: "completed" },
    ends: true,
    noteOf: ({ attempts_ended: attempts, ended }, format) =>
      attempts > ended ? `in ${format.number(attempts)} attempts` : "",
  },
];

/** @param {Context} context */
export function createOverviewView(context) {
  const { api, format, clock, announce } = context;
  const feed = createOverviewFeed(api, clock.now);
  const now = clock.now;
  const sentence = h("span");
  const verdict = h("p", { class: "verdict" }, sentence);
  const newest = h("p", { class: "verdict__newest grows-left" });
  const box = h("div", { class: "verdict-box" }, verdict, newest);
  const tiles = TILES.map((tile) => createTile(tile, format));
  const chart = createHourChart(format);
  const attention = createLines(
    "attention",
    "Needs attention",
    "No job is stalled, partial, failed or timed out.",
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
      h(
        "p",
        { class: "hour-chart__keys" },
        h("span", {}, "Succeeded or cancelled"),
        h("span", {}, "Partial"),
        h("span", {}, "Failed or timed out"),
      ),
      chart.element,
    ),
    h("div", { class: "overview__pair" }, attention.element, running.element),
    clients.element,
  );
  const body = h("div", {}, first, full);
  let announced = "";
  let shown = "";

  /** @param {NonNullable<ReturnType<typeof feed.data>>} data */
  function updateAges(data) {
    const at = data.totals.last_event_at;
    setText(newest, at === null ? "" : `Newest event ${format.ago((now() - Date.parse(at)) / 1000)}`);
    setAttribute(newest, "title", at === null ? null : exactUtc(at));
    attention.update(data.attention);
    running.update(data.running);
    clients.update(data.clients, data.since, data.left_out);
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
      const { tone, text, parts } = verdictOf(data.totals, data.since, format);
      setAttribute(box, "data-tone", tone);
      const wanted = JSON.stringify(parts);
      if (wanted !== shown) {
        shown = wanted;
        setChildren(sentence, parts.map(partOf));
      }
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

/** @param {VerdictPart} part */
const partOf = ({ text, filters }) =>
  filters === undefined ? h("span", {}, text) : h("a", { href: listHash("jobs", filters) }, text);

/** @param {Tile} tile @param {Format} format */
function createTile({ name, label, filters, ends = false, toneOf, noteOf }, format) {
  const figure = h("span", { class: "tile__figure" });
  const note = h("span", { class: "tile__note" });
  const link = h(
    "a",
    { class: "tile surface" },
    h("span", { class: "tile__label" }, label),
    figure,
    note,
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
      setAttribute(link, "data-tone", value === 0 ? null : (toneOf?.(totals) ?? null));
      setText(note, noteOf?.(totals, format) ?? "");
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
