/** What the page of one job shows: the job, the jobs that it has started, and its history. */

import { isEnd } from "../lib/problems.js";
import { readEntry, readJob, readPage } from "../lib/shapes.js";
import { createPages } from "./pages.js";
import { createResource } from "./resource.js";

const ENTRIES_LIMIT = 100;
const CHILDREN_LIMIT = 20;

/** @param {Api} api @param {string} jobId */
export function createJobPageFeed(api, jobId) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  const children = createResource(api, "/jobs", (body) => readPage(body, readJob));
  const job = createResource(api, path, readJob);
  // a late event may lie in an earlier page: a reload of the job's page shows it
  const history = createPages(api, {
    path: `${path}/entries`,
    limit: ENTRIES_LIMIT,
    read: readEntry,
    keyOf: (entry) => entry.event_id,
    onlyGrows: true,
  });
  let isHistoryRight = false;

  /**
   * Ask for something that the page can do without, and return whether it is there: what fails is
   * asked for again the next time.
   *
   * @param {AbortSignal} signal
   * @param {() => Promise<unknown>} action
   */
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

  /** @param {AbortSignal} signal */
  async function askHistory(signal) {
    isHistoryRight = await askSoftly(signal, () => history.ask(signal));
  }

  return {
    job: job.data,
    children: children.data,
    history: history.data,
    isHistoryRight: () => isHistoryRight,
    isAskingMore: history.isAskingMore,
    askMore: history.askMore,

    /**
     * Ask for the job and its children, and when the job has changed, for the end of its history;
     * the first time for all of them at once.
     *
     * @param {AbortSignal} signal
     */
    async ask(signal) {
      const query = { parent_job_id: jobId, limit: CHILDREN_LIMIT };
      const wasHistoryRight = isHistoryRight;
      const [isChanged] = await Promise.all([
        job.ask(signal),
        askSoftly(signal, () => children.ask(signal, query)),
        isHistoryRight ? null : askHistory(signal),
      ]);
      if (isChanged && wasHistoryRight) {
        isHistoryRight = false;
        await askHistory(signal);
      }
    },
  };
}
