/** A list of the API, page by page, each kept up to date under its own ETag. */

import { BadQuery } from "../lib/problems.js";
import { readPage } from "../lib/shapes.js";

/** The pages of a list that were looked at; each begins where the one before it ends now. */
export function createPages(api, { path, limit, read, keyOf }) {
  const first = () => ({ cursor: null, etag: null, page: null });
  let queryOf = () => ({});
  let pages = [first()];

  async function askPage(one, signal) {
    const answer = await api.get(path, {
      query: { ...queryOf(), limit, cursor: one.cursor },
      etag: one.etag,
      signal,
    });
    signal?.throwIfAborted();
    one.etag = answer.etag;
    if (answer.changed) {
      one.page = readPage(answer.body, read);
    }
  }

  async function askAll(signal) {
    const mine = pages;
    for (const [at, one] of mine.entries()) {
      await askPage(one, signal);
      const next = mine[at + 1];
      const cursor = one.page.next_cursor;
      if (next !== undefined && next.cursor !== cursor) {
        if (cursor === null) {
          mine.length = at + 1;
          return;
        }
        Object.assign(next, { ...first(), cursor, page: next.page });
      }
    }
  }

  return {
    reset(next) {
      queryOf = next;
      pages = [first()];
    },

    /** Ask for all pages that are shown; from the first alone when a cursor is refused. */
    async ask(signal) {
      try {
        await askAll(signal);
      } catch (error) {
        if (!(error instanceof BadQuery && error.parameter === "cursor")) {
          throw error;
        }
        pages = [first()];
        await askAll(signal);
      }
    },

    async askMore() {
      const mine = pages;
      const cursor = mine.at(-1).page?.next_cursor ?? null;
      if (cursor !== null) {
        const one = { ...first(), cursor };
        await askPage(one);
        if (mine === pages && mine.at(-1).page.next_cursor === cursor) {
          mine.push(one);
        }
      }
    },

    /** Every item that is here, each once; null before the first answer. */
    data() {
      if (pages[0].page === null) {
        return null;
      }
      const shown = pages.flatMap((one) => one.page?.items ?? []);
      const last = pages.at(-1).page;
      return {
        items: [...new Map(shown.map((item) => [keyOf(item), item])).values()],
        hasMore: last !== null && last.next_cursor !== null,
      };
    },
  };
}
