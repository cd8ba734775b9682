/** A list of the API that is asked for page by page, and how pages become a list. */

import { BadQuery } from "../lib/problems.js";
import { readPage } from "../lib/shapes.js";

/**
 * The pages of a list that were looked at; each begins where the one before it ends.
 *
 * @template T
 * @param {Api} api
 * @param {object} how
 * @param {string} how.path
 * @param {number} how.limit
 * @param {(item: unknown) => T} how.read
 * @param {(item: T) => string} how.keyOf
 */
export function createPages(api, { path, limit, read, keyOf }) {

  /** @param {string | null} cursor @returns {AskedPage<T>} */
  const unasked = (cursor) => ({ cursor, etag: null, page: null });
  /** @type {() => Query} */
  let queryOf = () => ({});
  let pages = [unasked(null)];
  let isAskingMore = false;

  /** @param {AskedPage<T>} one @param {AbortSignal} [signal] */
  async function askPage(one, signal) {
    const answer = await api.get(path, {
      query: { ...queryOf(), limit, cursor: one.cursor },
      etag: one.etag,
      signal,
    });
    signal?.throwIfAborted();
    one.etag = answer.etag;
    one.page = answer.changed || one.page === null ? readPage(answer.body, read) : one.page;
    return one.page.next_cursor;
  }

  /** @param {AbortSignal} signal */
  async function askAgain(signal) {
    const mine = pages;
    for (let at = 0; at < mine.length; at += 1) {
      const cursor = await askPage(mine[at], signal);
      const next = mine[at + 1];
      if (next !== undefined && next.cursor !== cursor) {
        if (cursor === null) {
          mine.length = at + 1;
          return;
        }
        mine[at + 1] = { ...unasked(cursor), page: next.page };
      }
    }
  }

  return {
    isAskingMore: () => isAskingMore,

    /** @param {() => Query} next */
    reset(next) {
      queryOf = next;
      pages = [unasked(null)];
    },

    /**
     * Ask for what is shown; from the first page when a cursor is refused.
     *
     * @param {AbortSignal} signal
     */
    async ask(signal) {
      try {
        await askAgain(signal);
      } catch (error) {
        if (!isCursorRefused(error)) {
          throw error;
        }
        pages = [unasked(null)];
        await askAgain(signal);
      }
    },

    /** Ask for the page after the last one, if there is one. */
    async askMore() {
      const mine = pages;
      const cursor = mine.at(-1)?.page?.next_cursor ?? null;
      if (cursor === null || isAskingMore) {
        return;
      }
      isAskingMore = true;
      try {
        const one = unasked(cursor);
        await askPage(one);
        if (mine === pages && mine.at(-1)?.page?.next_cursor === cursor) {
          mine.push(one);
        }
      } finally {
        isAskingMore = false;
      }
    },

    /** Return every item that is here, each once; null before the first answer. */
    data() {
      const known = pages.flatMap(({ page }) => page ?? []);
      const last = pages.at(-1)?.page ?? null;
      if (known.length === 0) {
        return null;
      }
      /** @type {T[]} */
      let items = [];
      for (const page of known) {
        const end = items.at(-1);
        items = withPage(items, page, keyOf, end === undefined ? null : keyOf(end));
      }
      return { items, hasMore: last !== null && last.next_cursor !== null, order: known[0].order, telling: known[0].telling };
    },
  };
}

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
