/** One job and its history as they come from the API. */

import { BadQuery, isEnd } from "./errors.js";
import { NO_HISTORY, withLast, withNext } from "./history.js";
import { readEntry, readJob, readPage } from "./shapes.js";

/** @typedef {import("./shapes.js").Job} Job */

const ENTRIES_LIMIT = 100;

/**
 * @param {Pick<import("./api.js").Api, "get">} api
 * @param {string} jobId
 */
export function createJobPageFeed(api, jobId) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  /** @type {Job | null} */
  let job = null;
  /** @type {string | null} */
  let jobEtag = null;
  let history = NO_HISTORY;
  /** @type {string | null} */
  let historyEtag = null;
  let isHistoryRight = false;
  let isAskingMore = false;

  /**
   * Ask for the last page of the history again; from its beginning when the cursor no longer works.
   *
   * @param {AbortSignal} signal
   */
  async function askHistory(signal) {
    try {
      await askLast(signal);
    } catch (error) {
      if (!(error instanceof BadQuery) || history.cursor === null) {
        throw error;
      }
      history = NO_HISTORY;
      historyEtag = null;
      await askLast(signal);
    }
  }

  /** @param {AbortSignal} signal */
  async function askLast(signal) {
    const { cursor } = history;
    const query = { limit: ENTRIES_LIMIT, cursor };
    const answer = await api.get(`${path}/entries`, { query, etag: historyEtag, signal });
    if (cursor === history.cursor) {
      historyEtag = answer.etag;
      history = answer.changed ? withLast(history, readPage(answer.body, readEntry)) : history;
    }
  }

  return {
    job: () => job,
    history: () => history,
    isHistoryRight: () => isHistoryRight,
    isAskingMore: () => isAskingMore,

    /**
     * Ask for the job and, when it has changed, for the end of its history.
     *
     * A history that can't be had leaves the job as it is; it is asked for again the next time.
     *
     * @param {AbortSignal} signal
     */
    async ask(signal) {
      const answer = await api.get(path, { etag: jobEtag, signal });
      signal.throwIfAborted();
      if (answer.changed) {
        job = readJob(answer.body);
        isHistoryRight = false;
      }
      jobEtag = answer.etag;
      if (isHistoryRight) {
        return;
      }
      try {
        await askHistory(signal);
        isHistoryRight = true;
      } catch (error) {
        signal.throwIfAborted();
        if (isEnd(error)) {
          throw error;
        }
      }
    },

    /** Ask for the page of the history after the last. */
    async askMore() {
      const cursor = history.last?.next_cursor ?? null;
      if (isAskingMore || cursor === null) {
        return;
      }
      isAskingMore = true;
      try {
        const query = { limit: ENTRIES_LIMIT, cursor };
        const answer = await api.get(`${path}/entries`, { query });
        history = withNext(history, readPage(answer.body, readEntry));
        historyEtag = answer.etag;
      } finally {
        isAskingMore = false;
      }
    },
  };
}
