/** How jobs are spread over their states, as a bar and as words. */

import { h, setAttribute, setText, svg } from "../../lib/dom.js";
import { OUTCOMES } from "../../lib/outcomes.js";

/** @param {Format} format */
export function createTotalsBar(format) {
  const names = Object.keys(OUTCOMES);
  const parts = names.map((name) => svg("rect", { "data-outcome": name, height: 6 }));
  const picture = svg("svg", {
    class: "totals-bar",
    viewBox: "0 0 100 6",
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  picture.append(...parts);
  const text = h("p", { class: "totals-text" });
  return {
    element: h("div", { class: "totals" }, picture, text),

    /**
     * @param {Totals} totals
     * @param {number} [expected] how many jobs there will be; the bar of the others stays empty
     */
    update(totals, expected = 0) {
      const known = names.reduce((sum, name) => sum + (totals[name] ?? 0), 0);
      const all = Math.max(known, expected);
      let at = 0;
      for (const [number, name] of names.entries()) {
        const share = all === 0 ? 0 : ((totals[name] ?? 0) / all) * 100;
        setAttribute(parts[number], "x", at.toFixed(2));
        setAttribute(parts[number], "width", share.toFixed(2));
        at += share;
      }
      setText(text, totalsText(totals, format));
    },
  };
}

/**
 * Return how many jobs are in each state, as in "2 running · 9 succeeded".
 *
 * @param {Partial<Totals>} totals
 * @param {Format} format
 */
export function totalsText(totals, format) {
  const parts = Object.entries(OUTCOMES).flatMap(([name, { label }]) => {
    const count = totals[name] ?? 0;
    return count > 0 ? [`${format.number(count)} ${label.toLowerCase()}`] : [];
  });
  return parts.length === 0 ? "no jobs yet" : parts.join(" · ");
}
