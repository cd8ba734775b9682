/** The job list as it comes from the API: the newest page again and again, older ones when asked. */

import { BadQuery } from "./errors.js";
import {
  EMPTY_LIST,
  endOf,
  keepingOlder,
  liveLimit,
  withMiddle,
  withNewest,
  withOlder,
} from "./job-list.js";
import { NO_FILTERS } from "./route.js";
import { readJob, readPage } from "./shapes.js";

/** @typedef {import("./route.js").Filters} Filters */
/** @typedef {import("./job-list.js").JobList} JobList */

const OLDER_LIMIT = 50;
const MIDDLE_LIMIT = 200;
/** How many pages without a match are asked for before the reader is asked. */
const EMPTY_PAGES = 4;

/** @param {Pick<import("./api.js").Api, "get">} api */
export function createJobFeed(api) {
  /** @type {Filters} */
  let filters = NO_FILTERS;
  /** @type {JobList} */
  let list = EMPTY_LIST;
  /** @type {{ limit: number, etag: string | null, cursor: string | null, end: string | null }} */
  let newest = { limit: 0, etag: null, cursor: null, end: null };
  /** @type {{ cursor: string, start: string } | null} */
  let middle = null;
  /** @type {AbortController | null} */
  let askingOlder = null;

  /** @param {Record<string, string | number>} query */
  const jobsQuery = (query) => ({ ...filters, ...query });

  /** A cursor was refused, as can happen after a deployment: begin again with the newest page. */
  function startAgain() {
    list = EMPTY_LIST;
    newest = { limit: 0, etag: null, cursor: null, end: null };
    middle = null;
  }

  /** @param {AbortSignal} signal */
  async function askTop(signal) {
    const limit = liveLimit(list);
    const etag = limit === newest.limit ? newest.etag : null;
    const answer = await api.get("/jobs", { query: jobsQuery({ limit }), etag, signal });
    signal.throwIfAborted();
    if (answer.changed) {
      const page = readPage(answer.body, readJob);
      list = withNewest(list, page);
      newest = { limit, etag: answer.etag, cursor: page.next_cursor, end: endOf(page, null) };
    }
  }

  /**
   * Bring one page of those jobs up to date that are older than what the newest page covers.
   *
   * @param {AbortSignal} signal
   */
  async function askMiddle(signal) {
    if (middle === null && newest.cursor !== null && newest.end !== null) {
      middle = { cursor: newest.cursor, start: newest.end };
    }
    const isBeyond = middle !== null && (list.endKey === null || middle.start > list.endKey);
    if (middle === null || !list.hasOlder || !isBeyond) {
      middle = null;
      return;
    }
    const { cursor, start } = middle;
    const query = jobsQuery({ limit: MIDDLE_LIMIT, cursor });
    const page = readPage((await api.get("/jobs", { query, signal })).body, readJob);
    const step = withMiddle(list, page, start);
    list = step.list;
    middle =
      page.next_cursor === null || step.pageEnd === null
        ? null
        : { cursor: page.next_cursor, start: step.pageEnd };
  }

  return {
    filters: () => filters,
    list: () => list,
    isAskingOlder: () => askingOlder !== null,

    /**
     * Forget what is here and begin with other filters.
     *
     * @param {Filters} next
     */
    reset(next) {
      askingOlder?.abort();
      askingOlder = null;
      filters = next;
      startAgain();
    },

    /**
     * Ask for the newest jobs.
     *
     * @param {AbortSignal} signal
     */
    async askNewest(signal) {
      await askTop(signal);
      try {
        await askMiddle(signal);
      } catch (error) {
        if (!isCursorRefused(error)) {
          throw error;
        }
        startAgain();
        await askTop(signal);
      }
    },

    /** Ask for older jobs, until there are some or it has been tried often enough. */
    async askOlder() {
      if (askingOlder !== null || list.endCursor === null) {
        return;
      }
      const mine = new AbortController();
      askingOlder = mine;
      list = keepingOlder(list);
      const before = list.jobs.length;
      try {
        for (let pages = 0; pages < EMPTY_PAGES; pages += 1) {
          if (list.endCursor === null || list.jobs.length > before) {
            return;
          }
          const query = jobsQuery({ limit: OLDER_LIMIT, cursor: list.endCursor });
          const answer = await api.get("/jobs", { query, signal: mine.signal });
          mine.signal.throwIfAborted();
          list = withOlder(list, readPage(answer.body, readJob));
        }
      } catch (error) {
        if (mine.signal.aborted) {
          return;
        }
        if (isCursorRefused(error)) {
          startAgain();
        }
        throw error;
      } finally {
        if (askingOlder === mine) {
          askingOlder = null;
        }
      }
    },
  };
}

/** @param {unknown} error */
function isCursorRefused(error) {
  return error instanceof BadQuery && error.parameter === "cursor";
}
