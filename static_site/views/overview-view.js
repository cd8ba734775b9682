/** The first view: is my work all right? */

import { createOverviewFeed } from "../feeds/overview-feed.js";
import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../lib/dom.js";
import { exactUtc } from "../lib/format.js";
import { clientHash, listHash } from "../lib/route.js";
import { FAILURES, verdictOf } from "../lib/words.js";
import { createHourChart } from "./charts.js";
import { createLiveView, createSkeleton } from "./live-view.js";
import { createCard, createJobLines, createStatePanel } from "./parts.js";

const TILES = Object.freeze([
  { name: "running", label: "Running", filters: { status: "running" } },
  { name: "queued", label: "Waiting", filters: { status: "queued" } },
  { name: "stalled", label: "Stalled", filters: { status: "stalled" }, tone: "warn" },
  { name: "failed", label: "Failed in 24 h", filters: { result: FAILURES }, ends: true, tone: "bad" },
  { name: "ended", label: "Ended in 24 h", filters: { status: "completed" }, ends: true },
]);
const COLUMNS = ["Client", "Running", "Stalled", "Ended in 24 h", "Failed", "Failure rate", "Newest event"];

export function createOverviewView(context) {
  const { api, format, clock, announce } = context;
  const feed = createOverviewFeed(api, clock.now);
  const now = clock.now;
  const verdict = h("p", { class: "verdict" });
  const newest = h("p", { class: "verdict__newest" });
  const box = h("div", { class: "verdict-box" }, verdict, newest);
  const tiles = TILES.map((tile) => createTile(tile, format));
  const chart = createHourChart(format);
  const attention = createLines("attention", "Needs a look", "No job has stalled or is left failed.", context);
  const running = createLines("running", "Running now", "Nothing runs at the moment.", context);
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
      h("p", { class: "hour-chart__keys" }, h("span", {}, "Went well"), h("span", {}, "Failed")),
      chart.element,
    ),
    h("div", { class: "overview__pair" }, attention.element, running.element),
    clients.element,
  );
  const body = h("div", {}, first, full);
  let said = "";

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
    reset() {},
    data: feed.data,
    async ask(signal) {
      await feed.ask(signal);
      return feed.data().totals.running > 0;
    },
    render(data) {
      const isEmpty = data.totals.last_event_at === null && data.clients.length === 0;
      setHidden(first, !isEmpty);
      setHidden(full, isEmpty);
      const { tone, text } = verdictOf(data.totals, format);
      setAttribute(box, "data-tone", tone);
      setText(verdict, text);
      if (said !== "" && said !== text) {
        announce(text);
      }
      said = text;
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

function createTile({ name, label, filters, ends = false, tone }, format) {
  const figure = h("span", { class: "tile__figure" });
  const link = h(
    "a",
    { class: "tile" },
    h("span", { class: "tile__label" }, label),
    figure,
  );
  return {
    element: h("li", {}, link),
    /** What ended is counted since a moment, and so is the list that the figure leads to. */
    update(totals, since) {
      const value = totals[name];
      const span = ends ? { ended_from: since } : {};
      setAttribute(link, "href", listHash("jobs", { ...filters, ...span }));
      setText(figure, value === null ? "many" : format.compact(value));
      setAttribute(link, "data-tone", value === 0 || tone === undefined ? null : tone);
    },
  };
}

function createLines(name, title, nothing, { format, clock }) {
  const lines = createJobLines({ format, now: clock.now });
  const none = h("p", { class: "quiet" }, nothing);
  return {
    element: createCard(name, title, lines.element, none),
    update(jobs) {
      lines.update(jobs);
      setHidden(lines.element, jobs.length === 0);
      setHidden(none, jobs.length > 0);
    },
  };
}

function createClientTable(format, now) {
  const body = h("tbody", { role: "rowgroup" });
  const head = COLUMNS.map((text) => h("th", { scope: "col", role: "columnheader" }, text));
  const table = h(
    "table",
    { class: "figures", role: "table" },
    h("caption", { class: "unseen" }, "Figures by client"),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...head)),
    body,
  );
  const rows = keyedList(body, {
    keyOf: (client) => client.client_id,
    make: (client) => createClientRow(client, format, now),
  });
  const element = createCard("clients", "By client", table);
  return {
    element,
    update(clients, since) {
      setHidden(element, clients.length === 0);
      rows.update(clients.map((client) => ({ ...client, since })));
    },
  };
}

function createClientRow({ client_id: id }, format, now) {
  const name = bdi("");
  const cells = COLUMNS.slice(1).map((label) => {
    const text = h("a", {});
    return { text, element: h("td", { role: "cell", "data-label": label }, text) };
  });
  const [running, stalled, ended, failed, rate, newest] = cells;
  const element = h(
    "tr",
    { role: "row" },
    h("th", { scope: "row", role: "rowheader" }, h("a", { href: clientHash(id) }, name)),
    ...cells.map((cell) => cell.element),
  );
  const show = ({ text }, value, filters) => {
    setText(text, value);
    setAttribute(
      text,
      "href",
      filters === null || value === "0" ? null : listHash("jobs", { client_id: id, ...filters }),
    );
  };
  return {
    element,
    update(client) {
      const span = { ended_from: client.since };
      const number = (value) => (value === null ? "many" : format.number(value));
      setText(name, client.name ?? id);
      show(running, number(client.running), { status: "running" });
      show(stalled, number(client.stalled), { status: "stalled" });
      show(ended, number(client.ended), { status: "completed", ...span });
      show(failed, number(client.failed), { result: FAILURES, ...span });
      show(rate, client.error_rate === null ? "–" : format.rate(client.error_rate), null);
      const at = client.last_event_at;
      show(newest, at === null ? "–" : format.ago((now() - Date.parse(at)) / 1000), null);
      setAttribute(stalled.element, "data-tone", client.stalled === 0 ? null : "warn");
      setAttribute(failed.element, "data-tone", client.failed === 0 ? null : "bad");
    },
  };
}

