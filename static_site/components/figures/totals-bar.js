/** How jobs are spread over their states, as a bar and as words. */

import { h, setAttribute, setChildren, svg } from "../../lib/dom.js";
import { OUTCOMES } from "../../lib/outcomes.js";

/**
 * @param {Format} format
 * @param {(filters: Filters) => string} hashOf the address of the jobs that match
 */
export function createTotalsBar(format, hashOf) {
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
  let shown = "";
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
      const states = totalsParts(totals, format).map((part) => ({ ...part, hash: hashOf(part.filters) }));
      const wanted = JSON.stringify(states);
      if (wanted !== shown) {
        shown = wanted;
        const links = states.map((part) => h("a", { href: part.hash }, part.text));
        setChildren(
          text,
          links.length === 0
            ? [h("span", {}, "no jobs yet")]
            : links.flatMap((link, place) => (place === 0 ? [link] : [h("span", {}, " · "), link])),
        );
      }
    },
  };
}

/**
 * Return how many jobs are in each state, as in "2 running", "9 succeeded", each with the filters of
 * their list.
 *
 * @param {Partial<Totals>} totals
 * @param {Format} format
 */
export function totalsParts(totals, format) {
  return Object.entries(OUTCOMES).flatMap(([name, { label, isResult = false }]) => {
    const count = totals[name] ?? 0;
    /** @type {Filters} */
    const filters = isResult ? { result: name } : { status: name };
    return count > 0
      ? [{ text: `${format.number(count)} ${label.toLowerCase()}`, filters }]
      : [];
  });
}
