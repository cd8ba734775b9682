/** How a job stands: what it is, as a badge, and how far it is, as a bar and as words. */

import { drawing, h, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { OUTCOMES, outcomeOf } from "../../lib/outcomes.js";
import { recordsProcessed } from "../../lib/words.js";

/** A state as a word with a shape of its own and, only on top of that, a colour. */
export function createStatusBadge() {
  const text = h("span");
  const element = h("span", { class: "status-badge" }, text);
  let shown = "";
  return {
    element,

    /** @param {string} outcome a name in OUTCOMES */
    update(outcome) {
      if (outcome === shown) {
        return;
      }
      shown = outcome;
      const { label, shape } = OUTCOMES[outcome];
      setAttribute(element, "data-outcome", outcome);
      element.querySelector("svg")?.remove();
      element.prepend(drawing("status-badge__shape", shape));
      setText(text, label);
    },
  };
}

/**
 * How far a job is.
 *
 * @param {Format} format
 * @param {boolean} [isLong] whether there is room for more words
 */
export function createProgressBar(format, isLong = false) {
  const bar = h("progress", { max: 1, "aria-label": "Progress" });
  const count = h("span", { class: "progress-bar__count" });
  const share = h("span", { class: "progress-bar__share" });
  const failed = h("span", { class: "progress-bar__failed" });
  const element = h(
    "div",
    { class: "progress-bar" },
    h("span", { class: "progress-bar__text" }, count, share),
    bar,
    failed,
  );
  return {
    element,

    /** @param {Job} job */
    update(job) {
      const done = Math.max(recordsProcessed(job.counters), 0);
      const total = job.records_total;
      const isShare = total !== null && total > 0;
      setAttribute(element, "data-outcome", outcomeOf(job));
      setHidden(bar, !isShare);
      if (isShare) {
        setAttribute(bar, "value", Math.min(done / total, 1));
        setText(count, `${format.compact(done)} of ${format.compact(total)}${isLong ? " records" : ""}`);
        setText(share, format.percent(done, total));
      } else {
        setText(count, done === 0 ? "–" : `${format.compact(done)} records`);
        setText(share, "");
      }
      const lost = job.counters.records_failed ?? 0;
      setText(failed, lost > 0 ? `${format.compact(lost)} failed` : "");
    },
  };
}
