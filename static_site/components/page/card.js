/** A card with a title, and cards of bones where data will be. */

import { bone, h } from "../../lib/dom.js";

/** @param {string} name @param {string} title @param {Element[]} children */
export function createCard(name, title, ...children) {
  const id = `${name}-title`;
  return h(
    "section",
    { class: `card surface card--${name}`, "aria-labelledby": id },
    h("h2", { id }, title),
    ...children,
  );
}

/**
 * Cards of bones, in the room that data will take.
 *
 * @param {number} count
 * @param {string} [className]
 */
export function createSkeleton(count, className) {
  const card = () =>
    h("div", { class: "card surface" }, bone("short"), bone("long"), bone("middle"));
  return h("div", { class: className }, ...Array.from({ length: count }, card));
}
