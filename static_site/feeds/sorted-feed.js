/**
 * The longest or dearest of all jobs that match: the API gives the first of each page's jobs, so all
 * pages are looked through. Loaded when somebody asks for such an order.
 */

import { counterOf } from "../lib/counters.js";
import { readJob, readPage } from "../lib/shapes.js";
import { jobsQuery } from "./filtering.js";
import { EMPTY_LIST, PAGE_SIZE } from "./job-list-feed.js";

/** A list of several pages is looked through again after so long. */
const FRESH_MILLISECONDS = 60_000;

/** @type {Readonly<Record<string, (job: Job) => number | null>>} */
const MEASURES = {
  duration: (job) => job.duration_seconds,
  cost: (job) => job.counters.cost_microusd ?? null,
};

/**
 * Return the first of some jobs, each once as it was seen last: of equal ones the newest, and those
 * without a value last.
 *
 * @param {string} sort
 * @param {Job[]} jobs
 * @param {number} most
 */
export function firstBy(sort, jobs, most) {
  const valueOf = MEASURES[sort] ?? (() => null);
  const known = new Map(jobs.map((job) => [job.job_id, job]));
  /** @param {Job} job @returns {[number, string, string]} */
  const place = (job) => [valueOf(job) ?? -Infinity, job.created_at, job.job_id];
  return [...known.values()]
    .map((job) => ({ job, at: place(job) }))
    .sort((one, other) => compare(other.at, one.at))
    .slice(0, most)
    .map(({ job }) => job);
}

/**
 * Return what an order is by, where a list of jobs doesn't show it anyhow; "" where it does.
 *
 * @param {string} sort
 * @param {Pick<Job, "counters">} job
 * @param {Format} format
 */
export function measureText(sort, { counters }, format) {
  if (sort !== "cost") {
    return "";
  }
  return counters.cost_microusd === undefined ? "no cost" : counterOf("cost_microusd", counters, format);
}

/** @param {[number, string, string]} one @param {[number, string, string]} other */
function compare(one, other) {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : one[at] < other[at] ? -1 : 1;
}

/**
 * A feed in the manner of the live list of jobs, of which nothing is older or yet to come.
 *
 * @param {Api} api
 * @param {() => number} now
 * @param {() => void} onPage what to do when it is known how far back has been looked
 */
export function createSortedFeed(api, now, onPage) {
  /** @type {Filters} */
  let filters = {};
  /** @type {Filters} */
  let question = {};
  let list = EMPTY_LIST;
  let isLooking = false;
  let pages = 0;
  let endedAt = 0;

  /** @param {AbortSignal} signal */
  async function lookThrough(signal) {
    /** @type {Job[]} */
    let found = [];
    /** @type {string | null} */
    let cursor = null;
    pages = 0;
    do {
      const query = { ...question, limit: PAGE_SIZE, cursor };
      const { body } = await api.get("/jobs", { query, signal });
      signal.throwIfAborted();
      const page = readPage(body, readJob);
      found = firstBy(filters.sort, [...found, ...page.items], PAGE_SIZE);
      cursor = page.next_cursor;
      pages += 1;
      if (cursor !== null && list.jobs.length === 0) {
        list = { ...list, endCursor: cursor, coversFrom: page.covers_from, loaded: true };
        onPage();
      }
    } while (cursor !== null);
    list = { ...EMPTY_LIST, jobs: found, loaded: true };
    endedAt = now();
  }

  return {
    filters: () => filters,
    list: () => list,
    isAskingOlder: () => isLooking,

    /** @param {Filters} next */
    reset(next) {
      filters = next;
      question = jobsQuery(next, now());
      list = EMPTY_LIST;
      pages = 0;
    },

    /** @param {AbortSignal} signal */
    async askNewest(signal) {
      if (pages > 1 && list.endCursor === null && now() - endedAt < FRESH_MILLISECONDS) {
        return;
      }
      isLooking = true;
      try {
        await lookThrough(signal);
      } finally {
        isLooking = false;
      }
    },

    catchUp() {},

    async askOlder() {},
  };
}
