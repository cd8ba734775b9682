/** A figure that leads to the jobs that it counts. */

import { h, setAttribute, setText } from "../../lib/dom.js";
import { listHash } from "../../lib/route.js";

export function createTile({ name, label, filters, ends = false, tone }, format) {
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
