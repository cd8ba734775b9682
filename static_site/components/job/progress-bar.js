/** How far a job is, as a bar and as words. */

import { h, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { outcomeOf } from "../../lib/outcomes.js";
import { recordsDone } from "../../lib/words.js";

/**
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
      const done = Math.max(recordsDone(job.counters), 0);
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
