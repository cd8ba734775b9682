/**
 * The job list as it comes from the API: the newest page again and again, older ones when asked.
 */

import { BadQuery } from "../lib/problems.js";
import { jobsQuery } from "../lib/route.js";
import { readJob, readPage } from "../lib/shapes.js";

/*
 * The jobs that are shown, newest first, put together from pages.
 *
 * A page is the whole truth about the span of jobs that it covers: whatever was known of that span
 * before and isn't in the page has gone (it may no longer match the filters). What lies outside
 * the span stays. So the newest page can be asked for again and again while older ones stay.
 */

export const PAGE_SIZE = 50;

const LARGEST_PAGE = 200;

export const EMPTY_LIST = Object.freeze({
  jobs: [],
  endKey: null,
  endCursor: null,
  coversFrom: null,
  hasOlder: false,
  loaded: false,
});

/** The place of a job in the list, greater when newer, exact to the last digit of a second. */
export function keyOf(job) {
  const [, seconds, fraction = ""] = /^(.*?)(?:\.(\d+))?Z?$/.exec(job.created_at) ?? ["", ""];
  return `${seconds}.${fraction.padEnd(9, "0")}#${job.job_id}`;
}

/**
 * How many jobs to ask for so that the newest page covers what is shown, as far as one page may.
 */
export function liveLimit(list) {
  const shown = Math.ceil(list.jobs.length / PAGE_SIZE) * PAGE_SIZE;
  return list.hasOlder ? Math.min(Math.max(shown, PAGE_SIZE), LARGEST_PAGE) : PAGE_SIZE;
}

export function withNewest(list, page) {
  const pageEnd = endOf(page, null);
  const jobs = replaceSpan(list.hasOlder ? list.jobs : [], page.items, null, pageEnd);
  const wentFurther = list.endKey !== null && (pageEnd === null || pageEnd <= list.endKey);
  if (!list.hasOlder || !list.loaded || wentFurther) {
    return {
      ...list,
      jobs,
      endKey: pageEnd,
      endCursor: page.next_cursor,
      coversFrom: page.covers_from,
      loaded: true,
    };
  }
  return { ...list, jobs, loaded: true };
}

/** From now on keep what falls off the newest page: older jobs are about to be asked for. */
export function keepingOlder(list) {
  return { ...list, hasOlder: true };
}

/** Take in the page that the list's cursor asked for, while older ones are kept. */
export function withOlder(list, page) {
  const pageEnd = endOf(page, list.endKey);
  return {
    ...list,
    jobs: replaceSpan(list.jobs, page.items, list.endKey, pageEnd),
    endKey: pageEnd,
    endCursor: page.next_cursor,
    coversFrom: page.covers_from,
  };
}

/** Take in a page from somewhere in the middle, asked for to bring old rows up to date. */
export function withMiddle(list, page, startKey) {
  const pageEnd = endOf(page, startKey);
  const limit = list.endKey ?? pageEnd;
  const items = page.items.filter((job) => limit === null || keyOf(job) >= limit);
  return { list: { ...list, jobs: replaceSpan(list.jobs, items, startKey, pageEnd) }, pageEnd };
}

/** The key of the last job that a page covers; null when it goes back to the beginning of time. */
export function endOf(page, startKey) {
  if (page.next_cursor === null) {
    return null;
  }
  const last = page.items.at(-1);
  return last === undefined ? startKey : keyOf(last);
}

function replaceSpan(known, items, startKey, endKey) {
  const given = new Set(items.map((job) => job.job_id));
  const kept = known.filter((job) => {
    const key = keyOf(job);
    const inside =
      (startKey === null || key < startKey) && (endKey === null || key >= endKey);
    return !inside && !given.has(job.job_id);
  });
  return [...kept, ...items]
    .map((job) => ({ key: keyOf(job), job }))
    .sort((a, b) => (a.key < b.key ? 1 : a.key > b.key ? -1 : 0))
    .map(({ job }) => job);
}

export function anyRunning(jobs) {
  return jobs.some((job) => job.status !== "completed" && !job.stalled);
}

const OLDER_LIMIT = 50;
const MIDDLE_LIMIT = 200;

/** How many pages without a match are asked for before the reader is asked. */
const EMPTY_PAGES = 4;

export function createJobFeed(api) {
  let filters = {};
  let list = EMPTY_LIST;
  let newest = { limit: 0, etag: null, cursor: null, end: null };
  let middle = null;
  /** By the cursors of middle pages: their ETags, and which page comes after them. */
  const middles = new Map();
  let askingOlder = null;

  const questionOf = (query) => ({ ...jobsQuery(filters), ...query });

  /** A cursor was refused, as can happen after a deployment: begin again with the newest page. */
  function startAgain() {
    list = EMPTY_LIST;
    newest = { limit: 0, etag: null, cursor: null, end: null };
    middle = null;
    middles.clear();
  }

  async function askTop(signal) {
    const limit = liveLimit(list);
    const etag = limit === newest.limit ? newest.etag : null;
    const answer = await api.get("/jobs", { query: questionOf({ limit }), etag, signal });
    signal.throwIfAborted();
    if (answer.changed) {
      const page = readPage(answer.body, readJob);
      list = keepingOlder(withNewest(isWithGap(list, page) ? EMPTY_LIST : list, page));
      newest = { limit, etag: answer.etag, cursor: page.next_cursor, end: endOf(page, null) };
    }
  }

  /** Bring one page of those jobs up to date that are older than what the newest page covers. */
  async function askMiddle(signal) {
    if (middle === null && newest.cursor !== null && newest.end !== null) {
      middle = { cursor: newest.cursor, start: newest.end };
      if (!middles.has(middle.cursor)) {
        middles.clear();
      }
    }
    const isBeyond = middle !== null && (list.endKey === null || middle.start > list.endKey);
    if (middle === null || !list.hasOlder || !isBeyond) {
      middle = null;
      return;
    }
    const { cursor, start } = middle;
    const query = questionOf({ limit: MIDDLE_LIMIT, cursor });
    const known = middles.get(cursor);
    const answer = await api.get("/jobs", { query, etag: known?.etag, signal });
    signal.throwIfAborted();
    if (!answer.changed) {
      middle = known.next;
      return;
    }
    const page = readPage(answer.body, readJob);
    const step = withMiddle(list, page, start);
    list = step.list;
    middle =
      page.next_cursor === null || step.pageEnd === null
        ? null
        : { cursor: page.next_cursor, start: step.pageEnd };
    middles.set(cursor, { etag: answer.etag, next: middle });
  }

  return {
    filters: () => filters,
    list: () => list,
    isAskingOlder: () => askingOlder !== null,

    reset(next) {
      askingOlder?.abort();
      askingOlder = null;
      filters = next;
      startAgain();
    },

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

    /** Begin anew with what the newest page covers; older ones come again when asked for. */
    catchUp() {
      const { end, cursor } = newest;
      const jobs = list.jobs.filter((job) => end === null || keyOf(job) >= end);
      list = { ...list, jobs, endKey: end, endCursor: cursor };
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

/** Whether more has come than one page holds, so that nobody knows what lies before it. */
function isWithGap({ jobs }, page) {
  const end = endOf(page, null);
  return jobs.length > 0 && end !== null && keyOf(jobs[0]) < end;
}

function isCursorRefused(error) {
  return error instanceof BadQuery && error.parameter === "cursor";
}
