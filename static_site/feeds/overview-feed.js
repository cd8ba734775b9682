/** What the overview shows: the figures, and short lists of jobs. */

import { readJob, readOverview, readPage } from "../lib/shapes.js";
import { FAILURES } from "../lib/words.js";
import { createThing } from "./resource.js";

const FEW = 5;

const LISTS = Object.freeze({
  running: { status: "running", stalled: "false" },
  stalled: { stalled: "true" },
  failed: { result: FAILURES },
});

const HOUR = 3_600_000;

export function createOverviewFeed(api, now) {
  const overview = createThing(api, "/overview", readOverview);
  const lists = Object.entries(LISTS).map(([name, query]) => ({
    name,
    query: { ...query, limit: FEW },
    jobs: createThing(api, "/jobs", (body) => readPage(body, readJob).items),
  }));
  let areListsRight = false;

  /** Failures of the hours that are counted: newer jobs may have failed before. */
  function askLists(signal) {
    const since = new Date((Math.floor(now() / HOUR) - 24) * HOUR).toISOString();
    const ended = (query) => (query.result ? { ended_from: since } : {});
    return Promise.all(
      lists.map(({ jobs, query }) => jobs.ask(signal, { ...query, ...ended(query) })),
    );
  }

  return {
    /** The jobs are asked for when the figures have moved: they move with every event. */
    async ask(signal) {
      if (!areListsRight) {
        await Promise.all([overview.ask(signal), askLists(signal)]);
      } else if (await overview.ask(signal)) {
        areListsRight = false;
        await askLists(signal);
      }
      areListsRight = true;
    },

    data() {
      if (overview.data() === null || lists.some(({ jobs }) => jobs.data() === null)) {
        return null;
      }
      const jobs = Object.fromEntries(lists.map((list) => [list.name, list.jobs.data()]));
      return { ...overview.data(), ...sorted(jobs, overview.data().since) };
    },
  };
}

/** What goes on, and what somebody should look at: what has stalled first, then what has failed. */
function sorted({ running, stalled, failed }, since) {
  const recent = failed
    .filter((job) => job.ended_at !== null && (since === null || job.ended_at >= since))
    .sort((a, b) => (a.ended_at < b.ended_at ? 1 : -1));
  return {
    running,
    attention: [...stalled, ...recent].slice(0, FEW),
  };
}
