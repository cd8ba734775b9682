/** A card with a title, cards of bones where data will be, and parts of a page that are loaded later. */

import { bone, h, setAttribute, setHidden } from "../../lib/dom.js";

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

/**
 * A part of a page whose code is loaded once there is something for it to show.
 *
 * @template T
 * @param {(item: T) => boolean} isWanted
 * @param {() => Promise<Part<T>>} load
 */
export function createLazyPart(isWanted, load) {
  const element = h("div", { hidden: true });
  /** @type {Part<T> | null} */
  let part = null;
  /** @type {Promise<Part<T> | null> | null} */
  let loading = null;
  return {
    element,

    /** @param {T} item */
    async update(item) {
      setHidden(element, !isWanted(item));
      if (element.hidden) {
        return;
      }
      if (part === null) {
        setAttribute(element, "aria-busy", "true");
        // what can't be fetched now is fetched with the next update
        part = await (loading ??= load().catch(() => null));
        loading = null;
        setAttribute(element, "aria-busy", null);
        element.replaceChildren(...(part === null ? [] : [part.element]));
      }
      part?.update(item);
    },
  };
}
