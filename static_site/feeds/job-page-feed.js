/** What the page of one job shows: the job, its children and its history. */

import { BadQuery, isEnd } from "../lib/problems.js";
import { readEntry, readJob, readPage } from "../lib/shapes.js";
import { createThing } from "./resource.js";

/*
 * A job's history, put together from pages, oldest first.
 *
 * Only the last page can grow, so only that one is asked for again. A late event may lie in an
 * earlier page; a reload of the job's page shows it.
 */

export const NO_HISTORY = Object.freeze({ settled: [], cursor: null, last: null });

export function withLast(history, page) {
  return { ...history, last: page };
}

export function withNext(history, page) {
  return {
    settled: entriesOf(history),
    cursor: history.last?.next_cursor ?? null,
    last: page,
  };
}

export function entriesOf(history) {
  const byId = new Map(history.settled.map((entry) => [entry.event_id, entry]));
  for (const entry of history.last?.items ?? []) {
    byId.set(entry.event_id, entry);
  }
  return [...byId.values()];
}

const ENTRIES_LIMIT = 100;
const CHILDREN_LIMIT = 20;

export function createJobPageFeed(api, jobId) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  const children = createThing(api, "/jobs", (body) => readPage(body, readJob));
  const job = createThing(api, path, readJob);
  let history = NO_HISTORY;
  let historyEtag = null;
  let isHistoryRight = false;
  let isAskingMore = false;

  /**
   * Ask for the last page of the history again; from its beginning when the cursor no longer works.
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

  async function askLast(signal) {
    const { cursor } = history;
    const query = { limit: ENTRIES_LIMIT, cursor };
    const answer = await api.get(`${path}/entries`, { query, etag: historyEtag, signal });
    if (cursor === history.cursor) {
      historyEtag = answer.etag;
      history = answer.changed ? withLast(history, readPage(answer.body, readEntry)) : history;
    }
  }

  /** What can't be had leaves the job as it is; it is asked for again the next time. */
  async function askSoftly(signal, action) {
    try {
      await action();
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (isEnd(error)) {
        throw error;
      }
      return false;
    }
  }

  async function askHistoryToo(signal) {
    isHistoryRight = await askSoftly(signal, () => askHistory(signal));
  }

  return {
    job: job.data,
    children: () => children.data(),
    history: () => history,
    isHistoryRight: () => isHistoryRight,
    isAskingMore: () => isAskingMore,

    /**
     * Ask for the job and its parts, and when it has changed, for the end of its history; the
     * first time for all at once.
     */
    async ask(signal) {
      const query = { parent_job_id: jobId, limit: CHILDREN_LIMIT };
      const asked = [
        job.ask(signal),
        askSoftly(signal, () => children.ask(signal, query)),
        isHistoryRight ? null : askHistoryToo(signal),
      ];
      const wasHistoryRight = isHistoryRight;
      const [isChanged] = await Promise.all(asked);
      if (isChanged && wasHistoryRight) {
        isHistoryRight = false;
        await askHistoryToo(signal);
      }
    },

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
