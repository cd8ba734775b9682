/** What stands where data will be. */

import { h } from "../../lib/dom.js";

/** Cards of bones, in the room that data will take. */
export function createSkeleton(count, className) {
  const card = () =>
    h("div", { class: "card" }, ...["short", "long", "middle"].map((width) =>
      h("span", { class: `bone bone--${width}` })));
  return h("div", { class: className }, ...Array.from({ length: count }, card));
}
