/** A table of figures: a name and its figures in each row; on a phone a block of them. */

import { h } from "../../lib/dom.js";

/**
 * @param {string} caption
 * @param {HTMLElement} body
 * @param {string} [className]
 */
export function createFigureTable(caption, body, className = "") {
  const head = h("tr", { role: "row" });
  return {
    element: h(
      "table",
      { class: `figures ${className}`.trim(), role: "table" },
      h("caption", { class: "unseen" }, caption),
      h("thead", { role: "rowgroup" }, head),
      body,
    ),

    /** @param {string[]} titles of the columns */
    title(titles) {
      head.replaceChildren(
        ...titles.map((text) => h("th", { scope: "col", role: "columnheader" }, text)),
      );
    },
  };
}
