/** A point in time, as text. */

import { h, setAttribute, setText } from "../../lib/dom.js";
import { exactUtc } from "../../lib/format.js";

/**
 * A point in time: in the reader's zone, with the exact UTC on hover, and on focus.
 *
 * @param {Format} format
 * @param {number} [tabindex]
 */
export function createTimeText(format, tabindex = 0) {
  const element = h("time", { tabindex });
  /** @type {string | null} */
  let shown = null;
  return {
    element,

    /** @param {string | null} at @param {number} now */
    update(at, now) {
      if (at !== shown) {
        shown = at;
        setAttribute(element, "datetime", at);
        setAttribute(element, "title", at === null ? null : exactUtc(at));
      }
      setText(element, at === null ? "–" : format.time(at, now));
    },
  };
}
