/** How pages become a list. */

import { BadQuery } from "../lib/problems.js";

/**
 * Return a list with a page taken in.
 *
 * A page is the whole truth about its span of the list: from the item after `after` (from the
 * beginning when that is null) to the page's last item, or to the end when no page follows it. What
 * was known of that span and isn't in the page has gone. What lies outside the span stays, so that
 * one page can be asked for again and again while others stay.
 *
 * @template T
 * @param {T[]} items
 * @param {Pick<Page<T>, "items" | "next_cursor">} page
 * @param {(item: T) => string} keyOf
 * @param {string | null} [after] the key of an item; the list stays as it is when it has gone
 * @returns {T[]}
 */
export function withPage(items, page, keyOf, after = null) {
  const start = after === null ? 0 : items.findIndex((item) => keyOf(item) === after) + 1;
  if (start === 0 && after !== null) {
    return items;
  }
  const given = new Set(page.items.map(keyOf));
  /** @param {T} item */
  const isGiven = (item) => given.has(keyOf(item));
  const end = page.next_cursor === null ? items.length : items.findLastIndex(isGiven) + 1;
  return [
    ...items.slice(0, start).filter((item) => !isGiven(item)),
    ...page.items,
    ...items.slice(Math.max(start, end)).filter((item) => !isGiven(item)),
  ];
}

/** @param {unknown} error */
export function isCursorRefused(error) {
  return error instanceof BadQuery && error.parameter === "cursor";
}
