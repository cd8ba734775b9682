/**
 * The job list as it comes from the API: the newest page again and again, older ones when asked.
 */

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
import { jobsQuery } from "./route.js";
import { readJob, readPage } from "./shapes.js";

const OLDER_LIMIT = 50;
const MIDDLE_LIMIT = 200;
/** How many pages without a match are asked for before the reader is asked. */
const EMPTY_PAGES = 4;

export function createJobFeed(api) {
  let filters = {};
  let list = EMPTY_LIST;
  let newest = { limit: 0, etag: null, cursor: null, end: null };
  let middle = null;
  let askingOlder = null;

  const questionOf = (query) => ({ ...jobsQuery(filters), ...query });

  /** A cursor was refused, as can happen after a deployment: begin again with the newest page. */
  function startAgain() {
    list = EMPTY_LIST;
    newest = { limit: 0, etag: null, cursor: null, end: null };
    middle = null;
  }

  async function askTop(signal) {
    const limit = liveLimit(list);
    const etag = limit === newest.limit ? newest.etag : null;
    const answer = await api.get("/jobs", { query: questionOf({ limit }), etag, signal });
    signal.throwIfAborted();
    if (answer.changed) {
      const page = readPage(answer.body, readJob);
      list = withNewest(list, page);
      newest = { limit, etag: answer.etag, cursor: page.next_cursor, end: endOf(page, null) };
    }
  }

  /** Bring one page of those jobs up to date that are older than what the newest page covers. */
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
    const query = questionOf({ limit: MIDDLE_LIMIT, cursor });
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

    /** Forget what is here and begin with other filters. */
    reset(next) {
      askingOlder?.abort();
      askingOlder = null;
      filters = next;
      startAgain();
    },

    /** Ask for the newest jobs. */
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
          const query = questionOf({ limit: OLDER_LIMIT, cursor: list.endCursor });
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

function isCursorRefused(error) {
  return error instanceof BadQuery && error.parameter === "cursor";
}
