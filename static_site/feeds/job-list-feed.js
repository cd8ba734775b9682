/**
 * The job list as it comes from the API: the newest page again and again, older ones when asked.
 */

import { jobsQuery } from "./filtering.js";
import { readJob, readPage } from "../lib/shapes.js";
import { isCursorRefused, withPage } from "./pages.js";

export const PAGE_SIZE = 50;
const LARGEST_PAGE = 200;
/** After so many pages without a match, the reader is asked whether to go on. */
const EMPTY_PAGES = 4;

/** @type {Readonly<JobList>} */
export const EMPTY_LIST = Object.freeze({
  jobs: [],
  endCursor: null,
  coversFrom: null,
  hasOlder: false,
  loaded: false,
});

/** @param {Job} job */
const idOf = (job) => job.job_id;

/** @param {Job[]} jobs @returns {string | null} */
const lastId = (jobs) => jobs.at(-1)?.job_id ?? null;

/**
 * Return how many jobs to ask for, so that the newest page covers what is shown, as far as one page may.
 *
 * @param {JobList} list
 */
export function liveLimit(list) {
  const shown = Math.ceil(list.jobs.length / PAGE_SIZE) * PAGE_SIZE;
  return list.hasOlder ? Math.min(Math.max(shown, PAGE_SIZE), LARGEST_PAGE) : PAGE_SIZE;
}

/**
 * Take in the newest page. Older jobs stay when they are kept.
 *
 * @param {JobList} list
 * @param {Page<Job>} page
 * @returns {JobList}
 */
export function withNewest(list, page) {
  const jobs = withPage(list.hasOlder ? list.jobs : [], page, idOf);
  const isAllThereIs = list.jobs.length > 0 && jobs.length === page.items.length;
  const isEnd = !list.hasOlder || !list.loaded || isAllThereIs;
  return { ...list, ...(isEnd ? endOf(page) : {}), jobs, loaded: true };
}

/**
 * Keep, from now on, what falls off the newest page: older jobs are about to be asked for.
 *
 * @param {JobList} list
 * @returns {JobList}
 */
export function keepingOlder(list) {
  return { ...list, hasOlder: true };
}

/**
 * Take in the page that the list's cursor asked for, while older ones are kept.
 *
 * @param {JobList} list
 * @param {Page<Job>} page
 * @returns {JobList}
 */
export function withOlder(list, page) {
  const jobs = withPage(list.jobs, page, idOf, lastId(list.jobs));
  return { ...list, ...endOf(page), jobs };
}

/**
 * Take in a page from somewhere in the middle, asked for to bring old rows up to date. What it has
 * beyond the list's last job is left out.
 *
 * @param {JobList} list
 * @param {Page<Job>} page
 * @param {string} after the id of the job after which the page begins
 * @returns {JobList}
 */
export function withMiddle(list, page, after) {
  const end = list.endCursor === null ? -1 : page.items.findIndex(isLastOf(list));
  const items = end < 0 ? page.items : page.items.slice(0, end + 1);
  return { ...list, jobs: withPage(list.jobs, { ...page, items }, idOf, after) };
}

/** @param {JobList} list */
function isLastOf(list) {
  const id = lastId(list.jobs);
  return (/** @type {Job} */ job) => job.job_id === id;
}

/** @param {Page<Job>} page */
function endOf(page) {
  return { endCursor: page.next_cursor, coversFrom: page.covers_from };
}

/** @param {Job[]} jobs */
export function anyRunning(jobs) {
  return jobs.some((job) => job.status !== "completed" && !job.stalled);
}

/** @param {Api} api @param {() => number} [now] */
export function createJobFeed(api, now = Date.now) {

  /** @type {Filters} */
  let filters = {};
  /** @type {Filters} what the filters mean since the list was opened: a cursor is good for it alone */
  let question = {};
  /** @type {JobList} */
  let list = EMPTY_LIST;
  /** @type {{ limit: number, etag: string | null, page: Page<Job> | null }} */
  let newest = { limit: 0, etag: null, page: null };
  /** @type {PageAfter | null} the page to bring up to date next */
  let middle = null;
  /**
   * The ETag of each middle page and the page that comes after it, by the page's cursor.
   *
   * @type {Map<string, { etag: string | null, next: PageAfter | null }>}
   */
  const middles = new Map();
  /** @type {AbortController | null} */
  let askingOlder = null;

  /** @param {Query} query @returns {Query} */
  const questionOf = (query) => ({ ...question, ...query });

  /** A cursor was refused, as can happen after a deployment: begin again with the newest page. */
  function startAgain() {
    list = EMPTY_LIST;
    newest = { limit: 0, etag: null, page: null };
    middle = null;
    middles.clear();
  }

  /** @param {AbortSignal} signal */
  async function askTop(signal) {
    const limit = liveLimit(list);
    const etag = limit === newest.limit ? newest.etag : null;
    const answer = await api.get("/jobs", { query: questionOf({ limit }), etag, signal });
    signal.throwIfAborted();
    if (answer.changed) {
      const page = readPage(answer.body, readJob);
      list = keepingOlder(withNewest(isWithGap(list, page) ? EMPTY_LIST : list, page));
      newest = { limit, etag: answer.etag, page };
    }
  }

  /**
   * Bring one page of those jobs up to date that are older than what the newest page covers.
   *
   * @param {AbortSignal} signal
   */
  async function askMiddle(signal) {
    if (middle === null) {
      middle = newest.page === null ? null : pageAfter(newest.page);
      if (middle !== null && !middles.has(middle.cursor)) {
        middles.clear();
      }
    }
    const start = list.jobs.findIndex((job) => job.job_id === middle?.after);
    if (middle === null || start < 0 || start === list.jobs.length - 1) {
      middle = null;
      return;
    }
    const { cursor, after } = middle;
    const query = questionOf({ limit: LARGEST_PAGE, cursor });
    const known = middles.get(cursor);
    const answer = await api.get("/jobs", { query, etag: known?.etag, signal });
    signal.throwIfAborted();
    if (!answer.changed) {
      middle = known?.next ?? null;
      return;
    }
    const page = readPage(answer.body, readJob);
    list = withMiddle(list, page, after);
    middle = pageAfter(page);
    middles.set(cursor, { etag: answer.etag, next: middle });
  }

  return {
    filters: () => filters,
    list: () => list,
    isAskingOlder: () => askingOlder !== null,

    /** @param {Filters} next */
    reset(next) {
      askingOlder?.abort();
      askingOlder = null;
      filters = next;
      question = jobsQuery(next, now());
      startAgain();
    },

    /** @param {AbortSignal} signal */
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
      if (newest.page !== null) {
        list = keepingOlder(withNewest(EMPTY_LIST, newest.page));
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
          const query = questionOf({ limit: PAGE_SIZE, cursor: list.endCursor });
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

/**
 * @param {Page<Job>} page
 * @returns {PageAfter | null} null when no page follows
 */
function pageAfter({ items, next_cursor: cursor }) {
  const after = lastId(items);
  return cursor === null || after === null ? null : { cursor, after };
}

/**
 * Return whether more jobs have come than one page holds: what lies between is not known then.
 *
 * @param {JobList} list
 * @param {Page<Job>} page
 */
function isWithGap({ jobs }, { items, next_cursor: cursor }) {
  const known = new Set(jobs.map(idOf));
  return jobs.length > 0 && items.length > 0 && cursor !== null && !items.some((job) => known.has(job.job_id));
}
