/**
 * Lists that stay where they are while they change: nobody's line moves away under the eyes. What
 * is new waits behind a button; what has left the list is struck out until then.
 */

import { h, setHidden, setText } from "../lib/dom.js";
import { countOf } from "../lib/words.js";

/**
 * What to show of `items`, given what is `shown`: that in its place, and what follows after its end,
 * where it pushes nothing away.
 */
export function steady(shown, items, keyOf) {
  const known = new Map(items.map((item) => [keyOf(item), item]));
  const places = new Set(shown.map(keyOf));
  const end = items.findLastIndex((item) => places.has(keyOf(item))) + 1;
  if (end === 0) {
    return { rows: items, arrived: 0, gone: 0 };
  }
  const rows = shown.map((item) => known.get(keyOf(item)) ?? { ...item, isGone: true });
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
    window.scrollTo(0, 0);
  }

  return {
    element,
    forget,
    isUnread,

    update(items) {
      const { rows, arrived, gone } = steady(isUnread() ? [] : shown, items, keyOf);
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
