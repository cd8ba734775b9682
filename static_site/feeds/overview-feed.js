/** What the overview shows: the figures, and short lists of jobs. */

import { ANY_FAILURE } from "../lib/filters.js";
import { readJob, readOverview, readPage } from "../lib/shapes.js";
import { createResource } from "./resource.js";

const FEW = 5;
/** So many jobs that did not end well are asked for: failures stand before partial ones. */
const ASKED = 20;
const HOUR_MILLISECONDS = 3_600_000;

/** @param {unknown} body */
const readJobs = (body) => readPage(body, readJob).items;

/** @param {Api} api @param {() => number} now */
export function createOverviewFeed(api, now) {
  const overview = createResource(api, "/overview", readOverview);
  const running = createResource(api, "/jobs", readJobs);
  const stalled = createResource(api, "/jobs", readJobs);
  const failed = createResource(api, "/jobs", readJobs);
  let areListsRight = false;

  /**
   * What did not end well is of the hours that are counted: a job that was created before them may
   * have ended in them.
   *
   * @param {AbortSignal} signal
   */
  function askLists(signal) {
    const hours = Math.floor(now() / HOUR_MILLISECONDS);
    const since = new Date((hours - 24) * HOUR_MILLISECONDS).toISOString();
    return Promise.all([
      running.ask(signal, { status: "running", stalled: "false", limit: FEW }),
      stalled.ask(signal, { stalled: "true", limit: FEW }),
      failed.ask(signal, { result: `${ANY_FAILURE},partial`, ended_from: since, limit: ASKED }),
    ]);
  }

  return {
    /**
     * Ask for the figures, and for the jobs when the figures have changed: every event changes
     * them.
     *
     * @param {AbortSignal} signal
     */
    async ask(signal) {
      if (!areListsRight) {
        await Promise.all([overview.ask(signal), askLists(signal)]);
      } else if (await overview.ask(signal)) {
        areListsRight = false;
        await askLists(signal);
      }
      areListsRight = true;
    },

    /** Return the figures, running jobs and jobs that need attention; null until all are here. */
    data() {
      const figures = overview.data();
      const jobs = { running: running.data(), stalled: stalled.data(), failed: failed.data() };
      if (figures === null || !jobs.running || !jobs.stalled || !jobs.failed) {
        return null;
      }
      const recent = worstFirst(jobs.failed, figures.since);
      return {
        ...figures,
        running: jobs.running,
        attention: [...jobs.stalled, ...recent].slice(0, FEW),
      };
    },
  };
}

/**
 * Return jobs that ended since then: failures first, of these and of the others the newest first.
 *
 * @param {Job[]} jobs
 * @param {string | null} since
 */
function worstFirst(jobs, since) {
  /** @param {Job} job */
  const rank = (job) => `${job.result === "partial" ? 0 : 1}${job.ended_at}`;
  return jobs
    .filter(({ ended_at: at }) => at !== null && (since === null || at >= since))
    .sort((a, b) => (rank(a) < rank(b) ? 1 : -1));
}
