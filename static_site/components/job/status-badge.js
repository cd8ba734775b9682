/** What a job is, as a badge. */

import { drawing, h, setAttribute, setText } from "../../lib/dom.js";
import { OUTCOME_LABELS } from "../../lib/words.js";

const CIRCLE = "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z";

const SHAPES = Object.freeze({
  queued: [CIRCLE],
  running: ["M8 2a6 6 0 1 1-6 6"],
  stalled: [CIRCLE, "M6.4 5.8v4.4M9.6 5.8v4.4"],
  succeeded: [CIRCLE, "m5.4 8.2 1.9 1.9 3.4-3.9"],
  partial: [CIRCLE, "M8 2v12M8 5h5M8 8h6M8 11h5"],
  failed: [CIRCLE, "m5.9 5.9 4.2 4.2M10.1 5.9l-4.2 4.2"],
  cancelled: [CIRCLE, "m3.9 12.1 8.2-8.2"],
  timed_out: [CIRCLE, "M8 4.8V8l2.2 1.6"],
  unknown: [CIRCLE, "M6.4 6.4a1.6 1.6 0 1 1 2.4 1.4c-.6.4-.8.6-.8 1.2M8 11.2v.1"],
});

/** A state as a word with a shape of its own and, only on top of that, a colour. */
export function createStatusBadge() {
  const text = h("span");
  const element = h("span", { class: "status-badge" }, text);
  let shown = null;
  return {
    element,

    update(outcome) {
      if (outcome === shown) {
        return;
      }
      shown = outcome;
      setAttribute(element, "data-outcome", outcome);
      element.querySelector("svg")?.remove();
      element.prepend(drawing("status-badge__shape", SHAPES[outcome]));
      setText(text, OUTCOME_LABELS[outcome]);
    },
  };
}
