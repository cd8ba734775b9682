/** The first view: is my work all right? */

import { createErrorLines } from "../components/figures/error-lines.js";
import { createHourChart } from "../components/figures/hour-chart.js";
import { createProofLine } from "../components/figures/proof-line.js";
import { SUMS, TILES, createCountTile, createSumTile } from "../components/figures/tiles.js";
import { createJobLines } from "../components/job/job-lines.js";
import { createCard, createLazyPart, createSkeleton } from "../components/page/card.js";
import { createLiveView } from "../components/page/live-view.js";
import { createStatePanel } from "../components/page/state-panel.js";
import { createProofFeed } from "../feeds/proof-feed.js";
import { createResource } from "../feeds/resource.js";
import { h, loadStyle, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { FILTERS } from "../lib/filters.js";
import { exactUtc } from "../lib/format.js";
import { listHash } from "../lib/route.js";
import { periodWords, verdictOf } from "../lib/verdict.js";
import { readOverview } from "../lib/view-shapes.js";

const DAY = "24h";

/** @param {Context} context */
export function createOverviewView(context) {
  const { api, format, clock, announce, navigate } = context;
  const now = clock.now;
  let feed = createResource(api, "/overview", readOverview);
  let period = "";
  let order = "";
  const sentence = h("span");
  const verdict = h("p", { class: "verdict" }, sentence);
  const newest = h("p", { class: "verdict__newest grows-left", tabindex: 0 });
  const proof = createProofFeed(api, now);
  const proofLine = createProofLine(format);
  const box = h("div", { class: "verdict-box" }, verdict, newest, proofLine.element);
  const tiles = TILES.map((tile) => createCountTile(tile, format));
  const sums = SUMS.map((sum) => createSumTile(sum, format));
  const chart = createHourChart(format);
  const errors = createErrorLines(format);
  const incidents = h("div");
  /** @type {Part<Overview["incidents"]> | null} loaded beside the first answer, so that nothing jumps */
  let incidentLines = null;

  async function loadIncidents() {
    if (incidentLines === null) {
      const part = await import("../components/incidents/incident-lines.js").catch(() => null);
      incidentLines = part === null ? null : part.createIncidentLines(format, now);
      setChildren(incidents, incidentLines === null ? [] : [incidentLines.element]);
    }
  }

  const periods = createPeriods();
  const attention = createLines(
    "attention",
    "Needs attention",
    "No job is stalled, partial, failed or timed out.",
    context,
  );
  /** @type {{ element: Element, update(overview: Overview): void }} */
  const overdue = createLazyPart(
    (overview) => overview.overdue.length > 0,
    async () => {
      const [{ createOverdueLines }] = await Promise.all([
        import("../components/project/overdue-lines.js"),
        loadStyle("components/project/project-facts.css"),
      ]);
      return createOverdueLines({ format, now });
    },
  );
  attention.element.append(overdue.element);
  const running = createLines("running", "Running now", "No job is running.", context);
  /** @type {{ element: Element, update(overview: Overview & { order: string }): void }} */
  const clients = createLazyPart(
    (overview) => overview.clients.length > 0 || overview.left_out.clients !== undefined,
    async () => {
      const [{ createClientTable }] = await Promise.all([
        import("../components/figures/client-table.js"),
        loadStyle("components/figures/figure-table.css"),
      ]);
      return createClientTable(format, now, (next) =>
        navigate(listHash("overview", { period, order: next })),
      );
    },
  );
  /** @type {{ element: Element, update(overview: Overview): void }} */
  const notices = createLazyPart(
    (overview) => overview.notices !== null,
    async () => (await import("../components/incidents/notice-lines.js")).createNoticeLines(format, now),
  );
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
    h("ul", { class: "tiles tiles--sums" }, ...sums.map((sum) => sum.element)),
    createCard(
      "trend",
      "Ended over time",
      h(
        "p",
        { class: "hour-chart__keys" },
        h("span", {}, "Succeeded or cancelled"),
        h("span", {}, "Partial"),
        h("span", {}, "Failed or timed out"),
      ),
      chart.element,
    ),
    incidents,
    h("div", { class: "overview__pair" }, attention.element, errors.element),
    running.element,
    clients.element,
    notices.element,
  );
  const body = h("div", {}, first, full);
  let announced = "";
  let shown = "";

  /** @param {Overview} data */
  function updateAges(data) {
    const at = data.totals.last_event_at;
    setText(newest, at === null ? "" : `Newest event ${format.ago((now() - Date.parse(at)) / 1000)}`);
    setAttribute(newest, "title", at === null ? null : exactUtc(at));
    proofLine.update(proof.data(), now());
    incidentLines?.update(data.incidents);
    attention.update(data.attention);
    void overdue.update(data);
    running.update(data.running);
    void clients.update({ ...data, order });
    void notices.update(data);
  }

  return createLiveView(context, {
    name: "overview",
    title: "Overview",
    tools: periods.element,
    body,
    skeleton: h("div", { class: "overview" }, createSkeleton(1), createSkeleton(3),
      createSkeleton(2, "overview__pair")),
    backHash: "#/overview",
    reset({ filters = {} }) {
      order = filters.order ?? "";
      const asked = filters.period ?? "";
      const stays = asked === period;
      if (!stays) {
        period = asked;
        feed = createResource(api, "/overview", readOverview);
        announced = "";
      }
      periods.update(period, order);
      return stays;
    },
    data: () => feed.data(),
    async ask(signal) {
      await Promise.all([feed.ask(signal, { period }), proof.ask(signal), loadIncidents()]);
      // a long period changes slowly, and costs more
      return period === "" && (feed.data()?.totals.running ?? 0) > 0;
    },
    render(data) {
      const isEmpty = data.totals.last_event_at === null && data.clients.length === 0;
      setHidden(first, !isEmpty);
      setHidden(full, isEmpty);
      const words = periodWords(data.period);
      const { tone, text, parts } = verdictOf(
        { ...data.totals, incidents: data.incidents }, data.since, format, words);
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
        tile.update(data.totals, data.since, words);
      }
      for (const sum of sums) {
        sum.update(data.totals, data.since, words);
      }
      const areDays = data.days.length > 0;
      chart.update(areDays ? data.days : data.totals.hours, now(), areDays);
      errors.update(data.errors);
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
const partOf = ({ text, filters, view = "jobs" }) =>
  filters === undefined ? h("span", {}, text) : h("a", { href: listHash(view, filters) }, text);

/** The choice of a period: links, so that the address has it. */
function createPeriods() {
  const names = { "": "24 hours", ...FILTERS.overview.period.field?.choices };
  const links = Object.entries(names).map(([name, label]) => ({
    name,
    element: h("a", {}, label),
  }));
  return {
    element: h("nav", { class: "periods", "aria-label": "Period" }, ...links.map((link) => link.element)),
    /** @param {string} period @param {string} order of the clients */
    update(period, order) {
      for (const { name, element } of links) {
        setAttribute(element, "href", listHash("overview", { period: name, order }));
        const isChosen = name === period || (period === DAY && name === "");
        setAttribute(element, "aria-current", isChosen ? "true" : null);
      }
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
