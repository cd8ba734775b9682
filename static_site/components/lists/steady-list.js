/**
 * How a list stays where it is while it changes.
 *
 * No line moves away under the reader's eyes: what is new waits behind a button, and what has left
 * the list is struck out until then.
 */

import { h, isGone, setHidden, setText } from "../../lib/dom.js";
import { countOf } from "../../lib/words.js";

/**
 * Return what to show of `items`, given what is `shown`: that in its place, and what follows its
 * end, where it pushes nothing away.
 *
 * @template {object} T
 * @param {T[]} shown
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {boolean} hasMore whether more items follow than were asked for
 */
export function steady(shown, items, keyOf, hasMore) {
  const known = new Map(items.map((item) => [keyOf(item), item]));
  const places = new Set(shown.map(keyOf));
  const end = items.findLastIndex((item) => places.has(keyOf(item))) + 1;
  if (end === 0) {
    return { rows: items, arrived: 0, gone: 0 };
  }
  // an item that is missing at the end may have moved to a page that wasn't asked for
  const last = shown.findLastIndex((item) => known.has(keyOf(item)));
  const rows = shown.map(
    (item, at) =>
      known.get(keyOf(item)) ?? { ...item, isGone: isGone(item) || !hasMore || at < last },
  );
  return {
    rows: [...rows, ...items.slice(end)],
    arrived: items.slice(0, end).filter((item) => !places.has(keyOf(item))).length,
    gone: rows.filter(isGone).length,
  };
}

/**
 * @template {object} T
 * @param {object} how
 * @param {(item: T) => string} how.keyOf
 * @param {(items: T[]) => void} how.update draws the items
 * @param {[string, string]} how.words what one and many of the items are called
 * @param {() => void} how.onCatchUp draws the list anew
 * @param {Context} context
 */
export function createSteadyList({ keyOf, update, words, onCatchUp }, context) {
  const { format, isHidden, announce } = context;
  const [one, many] = words;
  const button = h("button", { class: "button button--small", type: "button", onclick: catchUp });
  const element = h("div", { class: "news", hidden: true }, button);
  /** @type {T[]} */
  let shown = [];
  let announced = 0;

  /** Return whether nobody looks at the page, so that everything may change its place. */
  const isUnread = () => isHidden() && window.scrollY === 0;

  function forget() {
    shown = [];
  }

  function catchUp() {
    forget();
    onCatchUp();
    // the button has gone
    element.closest("section")?.querySelector("h1")?.focus();
    window.scrollTo(0, 0);
  }

  return {
    element,
    forget,
    isUnread,

    /** @param {T[]} items @param {boolean} hasMore */
    update(items, hasMore) {
      const { rows, arrived, gone } = steady(isUnread() ? [] : shown, items, keyOf, hasMore);
      shown = rows;
      update(rows);
      setHidden(element, arrived + gone === 0);
      const news = countOf(arrived, `new ${one}`, `new ${many}`, format);
      setText(
        button,
        arrived > 0
          ? `Show ${news}${gone > 0 ? `, drop ${format.number(gone)}` : ""}`
          : `Drop ${countOf(gone, one, many, format)} that left this list`,
      );
      if (arrived > announced) {
        announce(news);
      }
      announced = arrived;
    },
  };
}
