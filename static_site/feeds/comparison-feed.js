/** What a comparison of two jobs shows: each job, its history and its client's configuration. */

import { isEnd } from "../lib/problems.js";
import { readConfiguration, readEntry, readJob, readPage } from "../lib/shapes.js";
import { createResource } from "./resource.js";

const MOST_ENTRIES = 1_000;
const CANDIDATES = 20;

/**
 * @param {Api} api
 * @param {string[]} ids of one job or of two
 */
export function createComparisonFeed(api, ids) {
  const sides = ids.map((id) => createSide(api, id));
  const others = createResource(api, "/jobs", (body) => readPage(body, readJob));
  return {
    /** Return what is known of each job; null before all of them are here. */
    data() {
      const known = sides.flatMap((side) => side.data() ?? []);
      return known.length === sides.length ? known : null;
    },

    /** Return other jobs of the first one's client and pipeline, the newest first. */
    candidates: () => (others.data()?.items ?? []).filter((job) => job.job_id !== ids[0]),

    /** @param {AbortSignal} signal */
    async ask(signal) {
      await Promise.all(sides.map((side) => side.ask(signal)));
      const first = sides[0]?.data()?.job;
      if (sides.length === 1 && first !== undefined) {
        const { client_id, pipeline } = first;
        await others.ask(signal, { client_id, pipeline, limit: CANDIDATES });
      }
    },
  };
}

/** @param {Api} api @param {string} jobId */
function createSide(api, jobId) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  const job = createResource(api, path, readJob);
  const entries = createResource(api, `${path}/entries`, (body) => readPage(body, readEntry));
  /** @type {ReturnType<typeof createResource<Configuration>> | null} */
  let configuration = null;

  /** @param {AbortSignal} signal */
  async function askConfiguration(signal) {
    const known = job.data();
    if (known !== null) {
      const client = encodeURIComponent(known.client_id);
      configuration ??= createResource(api, `/clients/${client}/config`, readConfiguration);
      await configuration.ask(signal);
    }
  }

  return {
    data() {
      const known = job.data();
      return known === null
        ? null
        : {
            job: known,
            entries: entries.data()?.items ?? [],
            parameters: configuration?.data()?.parameters ?? [],
          };
    },

    /** @param {AbortSignal} signal */
    async ask(signal) {
      await Promise.all([job.ask(signal), entries.ask(signal, { limit: MOST_ENTRIES })]);
      try {
        await askConfiguration(signal);
      } catch (error) {
        // the rest is worth showing; what fails is asked for again the next time
        signal.throwIfAborted();
        if (isEnd(error)) {
          throw error;
        }
      }
    },
  };
}
