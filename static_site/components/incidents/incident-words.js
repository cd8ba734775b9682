/** What incidents are called, and where the jobs are that they count. */

import { listHash } from "../../lib/route.js";
import { countOf, errorName } from "../../lib/words.js";

/** What goes wrong, by the API's word for it. */
export const WHATS = Object.freeze({ failed: "failed", timed_out: "timed out", partial: "ended partial" });

/** The fingerprint of failures that are too many to be kept apart. */
const OTHER = "other";

/** @param {string} what */
export function whatText(what) {
  return Object.entries(WHATS).find(([name]) => name === what)?.[1] ?? what.replaceAll("_", " ");
}

/**
 * Return how many jobs an incident is about, as in "3 jobs failed".
 *
 * @param {Incident} incident
 * @param {Format} format
 */
export function jobsText({ jobs, what }, format) {
  const count = countOf(jobs, "job", "jobs", format);
  return Object.hasOwn(WHATS, what) ? `${count} ${whatText(what)}` : count;
}

/**
 * Return the address of the jobs that are counted; null where no list has just these: of a closed
 * incident, whose jobs may have been mended, and of failures that aren't kept apart.
 *
 * @param {Incident} incident
 */
export function jobsHash({ state, what, fingerprint, began_at: from, ...of }) {
  if (state !== "open" || !Object.hasOwn(WHATS, what) || fingerprint === OTHER) {
    return null;
  }
  const { client_id, project_id, pipeline } = of;
  const named = { client_id, project_id, pipeline, fingerprint: what === "partial" ? null : fingerprint };
  return listHash("jobs", { ...named, result: what, ended_from: from });
}

/** @param {Incident} incident */
export function errorText({ error }) {
  return error === null ? "" : [errorName(error.type), error.message].filter((part) => part !== "").join(": ");
}

/** @param {string} incidentId */
export function incidentHash(incidentId) {
  return `#/incidents/${encodeURIComponent(incidentId)}`;
}
