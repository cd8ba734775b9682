/**
 * How a list stays where it is while it changes.
 *
 * No line moves away under the reader's eyes: what is new waits behind a button, and what has left
 * the list is struck out until then.
 */

import { h, setHidden, setText } from "../../lib/dom.js";
import { countOf } from "../../lib/words.js";

/**
 * What to show of `items`, given what is `shown`: that in its place, and what follows after its end,
 * where it pushes nothing away.
 */
export function steady(shown, items, keyOf, hasMore) {
  const known = new Map(items.map((item) => [keyOf(item), item]));
  const places = new Set(shown.map(keyOf));
  const end = items.findLastIndex((item) => places.has(keyOf(item))) + 1;
  if (end === 0) {
    return { rows: items, arrived: 0, gone: 0 };
  }
  // what is missing at the end may only have been pushed to a page that wasn't asked for
  const last = shown.findLastIndex((item) => known.has(keyOf(item)));
  const rows = shown.map(
    (item, at) =>
      known.get(keyOf(item)) ?? { ...item, isGone: Boolean(item.isGone) || !hasMore || at < last },
  );
  return {
    rows: [...rows, ...items.slice(end)],
    arrived: items.slice(0, end).filter((item) => !places.has(keyOf(item))).length,
    gone: rows.filter((item) => item.isGone).length,
  };
}

/**
 * `update` draws items, `onCatchUp` is to draw the list anew; `words` are what one and many of its
 * items are called.
 */
export function createSteadyList({ keyOf, update, words, onCatchUp }, context) {
  const { format, isHidden, announce } = context;
  const [one, many] = words;
  const button = h("button", { class: "button button--small", type: "button", onclick: catchUp });
  const element = h("div", { class: "news", hidden: true }, button);
  let shown = [];
  let said = 0;

  /** Nobody looks at a page that is hidden: it is found as new as it can be. */
  const isUnread = () => isHidden() && window.scrollY === 0;

  function forget() {
    shown = [];
  }

  function catchUp() {
    forget();
    onCatchUp();
    element.closest("section").querySelector("h1").focus(); // what was pressed is gone
    window.scrollTo(0, 0);
  }

  return {
    element,
    forget,
    isUnread,

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
      if (arrived > said) {
        announce(news);
      }
      said = arrived;
    },
  };
}
