/** What was used by client, project or model, with the change against the previous period. */

import { counterOf } from "../../lib/counters.js";
import { bdi, h, keyedList, setAttribute, setText } from "../../lib/dom.js";
import { recordsProcessed } from "../../lib/words.js";
import { createFigureTable } from "../figures/figure-table.js";
import { costOf, perRecord, tokensOf } from "./costs.js";

/** @type {CostColumn} */
const COST = {
  title: "Cost",
  valueOf: costOf,
  textOf: (sums, format) => costText(costOf(sums), sums, format),
  isBound: true,
};
/** @type {CostColumn} */
const TOKENS = {
  title: "Tokens",
  valueOf: tokensOf,
  textOf: (sums, format) => format.number(tokensOf(sums)),
};
/** @type {CostColumn[]} */
const OF_JOBS = [
  COST,
  TOKENS,
  {
    title: "Records",
    valueOf: recordsProcessed,
    textOf: (sums, format) => format.number(recordsProcessed(sums)),
  },
  {
    title: "Cost per record",
    valueOf: perRecord,
    textOf(sums, format) {
      const cost = perRecord(sums);
      return cost === null ? "–" : costText(cost, sums, format);
    },
    isBound: true,
  },
];
/** Records are a job's, and no model's. @type {CostColumn[]} */
const OF_MODELS = [
  COST,
  TOKENS,
  {
    title: "Model calls",
    valueOf: ({ llm_calls: calls = 0 }) => calls,
    textOf: ({ llm_calls: calls = 0 }, format) => format.number(calls),
  },
];

/** @param {number} microusd @param {Record<string, number>} sums @param {Format} format */
const costText = (microusd, sums, format) =>
  counterOf("cost_microusd", { ...sums, cost_microusd: microusd }, format);

/** @param {Format} format */
export function createCostTable(format) {
  const element = h("div", { class: "costs" });
  /** @type {CostColumn[]} */
  let columns = [];
  /** @type {ReturnType<typeof keyedList<ShownCost>>} */
  let rows;
  return {
    element,

    /** @param {string} title what stands over the names @param {boolean} isByModel */
    reset(title, isByModel) {
      columns = isByModel ? OF_MODELS : OF_JOBS;
      const body = h("tbody", { role: "rowgroup" });
      const titles = [title, ...columns.map((column) => column.title)];
      element.replaceChildren(createFigureTable("Cost and tokens", titles, body));
      rows = keyedList(body, {
        keyOf: (row) => row.key,
        make: () => createRow(columns, format),
      });
    },

    /** @param {ShownCost[]} shown */
    update(shown) {
      rows.update(shown);
    },
  };
}

/** @param {CostColumn[]} columns @param {Format} format @returns {Part<ShownCost>} */
function createRow(columns, format) {
  const name = bdi("");
  const link = h("a", {}, name);
  const ownId = bdi("");
  const idNote = h("span", { class: "figures__note" }, ownId);
  const cells = columns.map((column) => {
    const [figure, note] = [h("span", {}), h("span", { class: "figures__note" })];
    const element = h("td", { role: "cell", "data-label": column.title }, figure, note);
    return { ...column, figure, note, element };
  });
  const element = h(
    "tr",
    { role: "row" },
    h("th", { scope: "row", role: "rowheader" }, link, idNote),
    ...cells.map((cell) => cell.element),
  );
  return {
    element,
    update({ title, id, href, isTotal, sums, before }) {
      setText(name, title);
      setText(ownId, id);
      setAttribute(link, "href", href);
      setAttribute(element, "class", isTotal ? "costs__total" : null);
      for (const cell of cells) {
        setText(cell.figure, cell.textOf(sums, format));
        setText(cell.note, changeOf(cell, sums, before, format));
      }
    },
  };
}

/**
 * Compare a figure with that of the previous period; "" where there is nothing to compare.
 *
 * @param {CostColumn} column
 * @param {Record<string, number>} sums
 * @param {Record<string, number> | null} before
 * @param {Format} format
 */
function changeOf({ valueOf, textOf, isBound = false }, sums, before, format) {
  const [now, then] = [valueOf(sums), before === null ? null : valueOf(before)];
  if (before === null || now === null || then === null) {
    return "";
  }
  if (then > 0 && isBound && [sums, before].some((each) => each.llm_calls_unpriced > 0)) {
    // between lower bounds there is no change to tell, not even that there is none
    return `${textOf(before, format)} before`;
  }
  if (now === then) {
    return now === 0 ? "" : "as before";
  }
  if (then <= 0) {
    return "none before";
  }
  return format.change((now - then) / then) || "about as before";
}
