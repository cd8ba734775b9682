/** The overview: its figures, and the few jobs that one wants to see beside them. */

import { createThing } from "./pages.js";
import { readJob, readOverview, readPage } from "./shapes.js";

const FEW = 5;
const LISTS = Object.freeze({
  running: { status: "running", stalled: "false" },
  stalled: { stalled: "true" },
  failed: { result: "failed" },
  timed_out: { result: "timed_out" },
});

export function createOverviewFeed(api) {
  const overview = createThing(api, "/overview", readOverview);
  const lists = Object.entries(LISTS).map(([name, query]) => ({
    name,
    query: { ...query, limit: FEW },
    jobs: createThing(api, "/jobs", (body) => readPage(body, readJob).items),
  }));
  let areListsRight = false;

  const askLists = (signal) =>
    Promise.all(lists.map(({ jobs, query }) => jobs.ask(signal, query)));

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

    /** All of it, or null before all of it is here. */
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
function sorted({ running, stalled, failed, timed_out: late }, since) {
  const recent = [...failed, ...late]
    .filter((job) => job.ended_at !== null && (since === null || job.ended_at >= since))
    .sort((a, b) => (a.ended_at < b.ended_at ? 1 : -1));
  return {
    running,
    attention: [...stalled, ...recent].slice(0, FEW),
  };
}
