/** A point in time: in the reader's zone, with the exact UTC on hover. */

import { h, setAttribute, setText } from "../lib/dom.js";
import { exactUtc } from "../lib/format.js";

/** @param {import("../lib/format.js").Format} format */
export function createTimeText(format) {
  const element = h("time");
  return {
    element,

    /**
     * @param {string | null} at
     * @param {number} now
     */
    update(at, now) {
      setAttribute(element, "datetime", at);
      setAttribute(element, "title", at === null ? null : exactUtc(at));
      setText(element, at === null ? "–" : format.time(at, now));
    },
  };
}
