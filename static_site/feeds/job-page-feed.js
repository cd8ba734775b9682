/** What the page of one job shows: the job, the jobs that it has started, and its history. */

import { isEnd } from "../lib/problems.js";
import { readEntry, readJob } from "../lib/shapes.js";
import { createPages } from "./pages.js";
import { createResource } from "./resource.js";

const ENTRIES_LIMIT = 100;
const CHILDREN_LIMIT = 200;
const MOST_CHILDREN = 500;

/** @param {Api} api @param {string} jobId */
export function createJobPageFeed(api, jobId) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  const children = createPages(api, {
    path: "/jobs",
    limit: CHILDREN_LIMIT,
    read: readJob,
    keyOf: (one) => one.job_id,
  });
  const job = createResource(api, path, readJob);
  const history = createPages(api, {
    path: `${path}/entries`,
    limit: ENTRIES_LIMIT,
    read: readEntry,
    keyOf: (entry) => entry.event_id,
  });
  children.reset(() => ({ parent_job_id: jobId }));
  history.reset(() => ({ order: "newest" }));
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
  async function askChildren(signal) {
    await children.ask(signal);
    while (hasMore(children.data())) {
      signal.throwIfAborted();
      await children.askMore();
    }
  }

  /** @param {Listed<Job> | null} known */
  const hasMore = (known) => known !== null && known.hasMore && known.items.length < MOST_CHILDREN;

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
     * Ask for the job and its children, and when the job has changed, for its history; the first
     * time for all of them at once.
     *
     * @param {AbortSignal} signal
     */
    async ask(signal) {
      const wasHistoryRight = isHistoryRight;
      const [isChanged] = await Promise.all([
        job.ask(signal),
        askSoftly(signal, () => askChildren(signal)),
        isHistoryRight ? null : askHistory(signal),
      ]);
      if (isChanged && wasHistoryRight) {
        isHistoryRight = false;
        await askHistory(signal);
      }
    },
  };
}
