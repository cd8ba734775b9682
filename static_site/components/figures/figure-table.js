/** A table of figures, a name and its figures in each row; on a phone a block of them. */

import { h } from "../../lib/dom.js";

/**
 * @param {string} caption
 * @param {string[]} columns
 * @param {HTMLElement} body
 */
export function createFigureTable(caption, columns, body) {
  const head = columns.map((text) => h("th", { scope: "col", role: "columnheader" }, text));
  return h(
    "table",
    { class: "figures", role: "table" },
    h("caption", { class: "unseen" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...head)),
    body,
  );
}
