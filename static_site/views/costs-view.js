/** The view of costs: what was used in a period, by client, project or model. */

import { costPeriod, piecesOf } from "../components/costs/cost-periods.js";
import { createCostTable } from "../components/costs/cost-table.js";
import { OTHER_MODELS, addSums, costRows, readSums } from "../components/costs/costs.js";
import { createClientSearch } from "../components/lists/client-search.js";
import { createFilterForm } from "../components/lists/filter-form.js";
import { createCard, createSkeleton } from "../components/page/card.js";
import { createLiveView } from "../components/page/live-view.js";
import { createStatePanel } from "../components/page/state-panel.js";
import { dayIn, startOfDay } from "../components/page/zones.js";
import { createResource } from "../feeds/resource.js";
import { h, setHidden, setText } from "../lib/dom.js";
import { FILTERS } from "../lib/filters.js";
import { clientHash, listHash } from "../lib/route.js";

/** Sums of many rows change less than anybody can see, and cost more. */
const ASK_MILLISECONDS = 60_000;
/** @type {Readonly<Record<string, string>>} */
const GROUPS = { project: "Project", model: "Model" };
const PERIODS = { today: "Today", "30d": "Last 30 days", month: "This month" };
/** @type {Readonly<Record<string, Filter>>} */
const FIELDS = {
  group_by: { field: { label: "Group by", kind: "select", any: "Client", choices: GROUPS } },
  period: { field: { label: "Period", kind: "select", any: "Last 7 days", choices: PERIODS } },
};
/** @type {Readonly<Record<string, string>>} */
const RESTS = { model: "Without a model" };

/** @param {Context} context */
export function createCostsView(context) {
  const { api, format, clock } = context;
  const filters = createFilterForm({
    label: "Filter cost",
    filters: { ...FILTERS.costs, ...FIELDS },
    context,
    onChange(next) {
      const isSince = next.period === sinceText();
      context.navigate(
        listHash("costs", { ...next, ...(isSince ? { period: "" } : { since: "" }) }),
      );
    },
  });
  const note = h("p", { class: "banner", role: "status", hidden: true });
  const span = h("p", { class: "quiet" });
  const table = createCostTable(format);
  const bound = h("p", {});
  const missing = h("p", {});
  const save = h("button", { class: "button", type: "button", onclick: download }, "Download CSV");
  const card = createCard("used", "Cost and tokens", span, table.element, bound, missing, save);
  const nothing = createStatePanel({
    shape: "empty",
    title: "Nothing was used",
    text: ["No job has reported records, tokens or a cost in this period or in the previous one."],
  });
  /** @type {Filters} */
  let chosen = {};
  let by = "client";
  /** @type {Map<string, ReturnType<typeof createResource<Sums>>>} by the time that each is about */
  let known = new Map();
  /** @type {Record<"now" | "before", CostPiece[]>} */
  let pieces = { now: [], before: [] };
  let askedAt = 0;
  /** the zone whose days were asked for */
  let zone = "";
  /** @type {CostPeriod | null} */
  let period = null;
  /** @type {ShownCost[]} */
  let shown = [];
  const search = createClientSearch(context);
  /** @type {Map<string, string>} what clients are called, by id */
  let called = new Map();

  /** What the period is called that begins at a moment of the address; "" where the address has none. */
  const sinceText = () =>
    Number.isNaN(Date.parse(chosen.since)) ? "" : `Since ${format.time(chosen.since, clock.now())}`;

  /** @param {CostPiece[]} times @returns {Sums | null} */
  function sumsOf(times) {
    const sums = times.flatMap((one) => known.get(JSON.stringify(one))?.data() ?? []);
    return sums.length < times.length ? null : addSums(sums, by === "model");
  }

  /** Ask for names, for which no figure waits: until they are there, ids stand in their place. */
  async function nameClients() {
    const all = await search.all();
    if (all.length > 0) {
      called = new Map(all.map(({ client_id: id, name }) => [id, name ?? id]));
      view.update();
    }
  }

  async function download() {
    const { saveCosts } = await import("../components/costs/cost-export.js");
    saveCosts(shown, by);
  }

  /** @param {number} begin the time where it is no midnight, else the day */
  function sinceOf(begin) {
    const at = new Date(begin).toISOString();
    return startOfDay(dayIn(begin, zone), zone) === begin ? format.day(at) : format.time(at, clock.now());
  }

  /** @param {CostRow} row @returns {ShownCost} */
  function shownOf(row) {
    const { name } = row;
    const isOthers = name === "" || (by === "model" && name === OTHER_MODELS);
    const own = by === "client" ? (called.get(name) ?? name) : name;
    const title = name === "" ? (RESTS[by] ?? "All others") : isOthers ? "Other models" : own;
    const href =
      isOthers || by === "model"
        ? null
        : by === "client"
          ? clientHash(name)
          : listHash("jobs", { client_id: chosen.client_id, project_id: name });
    return { ...row, key: name, title, id: title === name ? "" : name, href, isTotal: false };
  }

  const view = createLiveView(context, {
    name: "costs",
    title: "Cost",
    tools: h("div", {}, filters.element, note),
    body: h("div", {}, card, nothing),
    skeleton: createSkeleton(3, "skeleton-stack"),
    backHash: "#/costs",
    reset({ filters: next = {} }) {
      chosen = next;
      by = chosen.group_by || "client";
      known = new Map();
      period = null;
      askedAt = 0;
      filters.update({ ...chosen, period: sinceText() || chosen.period });
      table.reset(GROUPS[by] ?? "Client", by === "model");
    },
    async ask(signal) {
      const at = clock.now();
      if (at - askedAt < ASK_MILLISECONDS && zone === format.zone()) {
        return;
      }
      const ids = [...(sumsOf(pieces.now)?.groups.keys() ?? [])];
      if (by === "client" && (called.size === 0 || ids.some((id) => id !== "" && !called.has(id)))) {
        void nameClients();
      }
      const asked = format.zone();
      const next = costPeriod(chosen, at, format);
      const times = {
        now: piecesOf(next.begin, at, asked, true),
        before: piecesOf(next.previousBegin, next.previousEnd, asked),
      };
      const resources = new Map(
        [...times.now, ...times.before].map((time) => {
          const key = JSON.stringify(time);
          return [key, known.get(key) ?? createResource(api, "/trends", readSums)];
        }),
      );
      const same = { group_by: by, client_id: chosen.client_id, tz: asked };
      await Promise.all(
        [...resources].map(([key, resource]) =>
          resource.ask(signal, { ...same, ...JSON.parse(key) }),
        ),
      );
      [known, pieces, period, zone, askedAt] = [resources, times, next, asked, at];
    },
    data() {
      const [sums, previous] = [sumsOf(pieces.now), sumsOf(pieces.before)];
      return sums && previous && period ? { sums, previous, period } : null;
    },
    render({ sums, previous, period: { begin, before: words, note: said } }) {
      setText(note, said);
      setHidden(note, said === "");
      const isByModel = by === "model";
      const { rows, total } = costRows(sums, previous, isByModel);
      shown = [
        ...rows.map(shownOf),
        { ...total, key: "\n", title: "Total", id: "", href: null, isTotal: true },
      ];
      table.update(shown);
      setHidden(card, rows.length === 0);
      setHidden(nothing, rows.length > 0);
      setText(
        span,
        `Since ${sinceOf(begin)}, in the zone ${zone}, until now. Changes are compared with ${words}.`,
      );
      const unpriced = total.sums.llm_calls_unpriced ?? 0;
      setHidden(bound, unpriced <= 0);
      setText(
        bound,
        `The cost of ${format.number(unpriced)} model calls is not known. “At least” marks each ` +
          "cost that is without some of them.",
      );
      const left = sums.leftOut;
      setHidden(missing, left.count === 0 && left.after === null);
      setText(missing, leftOutText(left, format));
      if (zone !== format.zone()) {
        view.poll.hurry();
      }
    },
  });
  return view;
}

/** @param {Sums["leftOut"]} left @param {Format} format */
function leftOutText({ count, names, after }, format) {
  const named = names.slice(0, 5).join(", ");
  const more = count - Math.min(names.length, 5);
  return (
    `Without ${named}${more > 0 ? ` and ${format.number(more)} more` : ""}` +
    `${after === null ? "" : `, and without all clients after ${after}`}: they are too many, or ` +
    "too much was counted of them, for one answer. Choose one of them as the client to see it."
  );
}
