/** What a job is, as a badge. */

import { drawing, h, setAttribute, setText } from "../../lib/dom.js";
import { OUTCOMES } from "../../lib/outcomes.js";

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
