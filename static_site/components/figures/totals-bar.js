/** How jobs are spread over their states, as a bar and as words. */

import { h, setAttribute, setText, svg } from "../../lib/dom.js";
import { OUTCOME_LABELS } from "../../lib/words.js";

/** How jobs are spread over what they are now: a bar, and the figures as words. */
export function createTotalsBar(format, totalsText) {
  const names = Object.keys(OUTCOME_LABELS);
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

    /** `expected`: how many jobs there will be, where that is known; the rest stays empty. */
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
