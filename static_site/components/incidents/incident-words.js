/** What incidents are called, and where the jobs are that they count. */

import { clientHash, listHash } from "../../lib/route.js";
import { countOf, errorName } from "../../lib/words.js";

/** The results that jobs end with, by the API's word for what goes wrong. */
const RESULTS = Object.freeze({ failed: "failed", timed_out: "timed out", partial: "ended partial" });

/** What else goes wrong, with the word for what is counted, if it is; "…" stands for the count. */
const OTHERS = Object.freeze({
  new_error: ["… failed by a new error", "job", "jobs"],
  error_rate: ["… failed, which is too often", "job", "jobs"],
  missed: ["… missed", "run", "runs"],
  late: ["… late", "run", "runs"],
  too_long: ["… running too long", "job", "jobs"],
  stalled: ["… stalled", "job", "jobs"],
  overdue: ["Overdue"],
  budget: ["Budget reached"],
  differs: ["Differs from its entries"],
});

/** Why incidents close, by the API's word for it. */
const ENDS = Object.freeze({
  healed: "well again",
  withdrawn: "no longer wrong, by what is known now",
  resolved: "resolved",
  month_over: "the month is over",
});

/** The client of what concerns staff alone. */
const STAFF = "*";

/** The fingerprint of failures that are too many to be kept apart. */
const OTHER = "other";

/**
 * Return what an incident is about: a pipeline, or else a project, or else all of a client;
 * where figures differ, what differs.
 *
 * @param {Incident} incident
 */
export function subjectText({ what, pipeline, project_id, client_id, last_job_id }) {
  return what === "differs" ? last_job_id : pipeline || project_id || client_id;
}

/** @param {Incident} incident */
export function clientText({ client_id }) {
  return client_id === STAFF ? "All clients (staff)" : client_id;
}

/**
 * Return by whose rule an incident is where that is not the client's own; "" where it is.
 *
 * @param {Incident} incident
 */
export function ruleText({ client_id, of_staff }) {
  return of_staff && client_id !== STAFF ? "Staff’s rule" : "";
}

/**
 * Return for whom somebody acts on an incident, as the intake wants it.
 *
 * @param {Incident} incident
 */
export function ownerOf({ client_id, of_staff }) {
  return of_staff ? STAFF : client_id;
}

/**
 * Return how an incident stands, as in "Open, muted".
 *
 * @param {Incident} incident
 */
export function stateText({ state, muted, acknowledged_by: by }) {
  const answers = state === "open" ? [muted ? "muted" : "", by === null ? "" : `acknowledged by ${by}`] : [];
  return [state === "open" ? "Open" : "Closed", ...answers].filter((part) => part !== "").join(", ");
}

/** @param {Incident} incident */
export function clientHashOf({ client_id }) {
  return client_id === STAFF ? null : clientHash(client_id);
}

/**
 * Return the id of the last job; "" where it is about no job: names of what is none have a space.
 *
 * @param {Incident} incident
 */
export function lastJobOf({ last_job_id }) {
  return last_job_id.includes(" ") ? "" : last_job_id;
}

/**
 * Return what is wrong and how often, as in "3 jobs failed".
 *
 * @param {Incident} incident
 * @param {Format} format
 */
export function jobsText({ jobs, what }, format) {
  const result = valueOf(RESULTS, what);
  if (result !== undefined) {
    return `${countOf(jobs, "job", "jobs", format)} ${result}`;
  }
  const [words, one, many] = valueOf(OTHERS, what) ?? [`…: ${what.replaceAll("_", " ")}`, "job", "jobs"];
  return one === undefined ? words : words.replace("…", countOf(jobs, one, many, format));
}

/**
 * Return how many jobs or runs there were at a time; "" of what counts neither.
 *
 * @param {string} what
 * @param {number} count
 * @param {Format} format
 */
export function countText(what, count, format) {
  const [, one, many] = valueOf(OTHERS, what) ?? ["", "job", "jobs"];
  return one === undefined || count === 0 ? "" : countOf(count, one, many, format);
}

/**
 * Return why an incident is over, as the rest of a sentence that begins with `jobsText`.
 *
 * @param {Incident} incident
 */
export function endText({ what, closed_because: why }) {
  if (why !== "healed") {
    return `and the incident is closed${why === null ? "" : `: ${closedWords(why)}`}.`;
  }
  return isCounted(what) || what === "new_error" ? "until a later job ran well." : "until all was well again.";
}

/** @param {string} because why an incident closed */
export const closedWords = (because) => wordIn(ENDS, because);

/** @param {Readonly<Record<string, string>>} words @param {string} name */
export function wordIn(words, name) {
  return valueOf(words, name) ?? name.replaceAll("_", " ");
}

/** @param {string} what whether it is a result that lists of jobs can be narrowed down to */
const isCounted = (what) => Object.hasOwn(RESULTS, what);

/**
 * @template T
 * @param {Readonly<Record<string, T>>} table
 * @param {string} name
 * @returns {T | undefined}
 */
const valueOf = (table, name) => (Object.hasOwn(table, name) ? table[name] : undefined);

/**
 * Return the address of the jobs that are counted; null where no list has just these: of a closed
 * incident, whose jobs may have been mended, and of failures that aren't kept apart.
 *
 * @param {Incident} incident
 */
export function jobsHash({ state, what, fingerprint, began_at: from, ...of }) {
  if (state !== "open" || !isCounted(what) || fingerprint === OTHER) {
    return null;
  }
  const { client_id, project_id, pipeline, tag } = of;
  const group = what === "partial" ? null : fingerprint;
  const named = { client_id, project_id, pipeline, tag, fingerprint: group };
  return listHash("jobs", { ...named, result: what, ended_from: from });
}

/**
 * Return the last error; what time decides has none, but words of ours, whose kind is told already.
 *
 * @param {Incident} incident
 */
export function errorText({ error, what }) {
  if (error === null) {
    return "";
  }
  const type = error.type.toLowerCase() === what ? "" : errorName(error.type);
  return [type, error.message].filter((part) => part !== "").join(": ");
}

/** @param {string} incidentId */
export function incidentHash(incidentId) {
  return `#/incidents/${encodeURIComponent(incidentId)}`;
}
