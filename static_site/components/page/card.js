/** A card with a title, and cards of bones where data will be. */

import { h } from "../../lib/dom.js";

export function createCard(name, title, ...children) {
  const id = `${name}-title`;
  return h(
    "section",
    { class: `card surface card--${name}`, "aria-labelledby": id },
    h("h2", { id }, title),
    ...children,
  );
}

/** Cards of bones, in the room that data will take. */
export function createSkeleton(count, className) {
  const card = () =>
    h("div", { class: "card surface" }, ...["short", "long", "middle"].map((width) =>
      h("span", { class: `bone bone--${width}` })));
  return h("div", { class: className }, ...Array.from({ length: count }, card));
}
