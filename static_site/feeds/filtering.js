/** What filters of a list mean together: which exclude each other, and what the API is asked. */

import { FILTERS } from "../lib/filters.js";
import { FAILURES } from "../lib/outcomes.js";

const HOUR = 3_600_000;
/** @type {Readonly<Record<string, number>>} */
const HOURS = { "2h": 2, "24h": 24, "7d": 168 };
/** Of filters by time, the last that was chosen is meant: it empties the others. */
const RIVALS = [
  [["time", "days"], ["from", "to", "ended_from", "ended_to"]],
  [["from", "to"], ["time", "days", "ended_from", "ended_to"]],
  [["by"], ["ended_from", "ended_to"]],
];

/** @param {Filters} filters */
export function isFiltered(filters) {
  return Object.values(filters).some((value) => value !== "");
}

/**
 * Return the filters after one was changed, without a pair that can match nothing: only completed
 * jobs have a result or an end, and only failures have an error.
 *
 * @param {Filters} filters
 * @param {string} name
 * @param {string} value
 */
export function withFilter(filters, name, value) {
  const next = { ...filters, [name]: value.trim() };
  /** @param {Filter["only"][]} of */
  const drop = (...of) => {
    for (const [other, { only }] of Object.entries(FILTERS.jobs)) {
      if (only !== undefined && of.includes(only) && other in next) {
        next[other] = "";
      }
    }
  };
  // two ways to say which time of errors is meant
  const other = { days: "new_since", new_since: "days" }[name];
  if (other !== undefined && next[name]) {
    next[other] = "";
  }
  if (name === "result" && next.result) {
    if (next.status !== "completed") {
      next.status = "";
    }
    if (!next.result.split(",").some((one) => FAILURES.includes(one))) {
      drop("failures");
    }
  }
  if (name === "status" && next.status && next.status !== "completed") {
    drop("completed", "failures");
  }
  if (name === "by" && next.by && next.status !== "completed") {
    next.status = "";
  }
  for (const [names, others] of RIVALS) {
    if (names.includes(name) && next[name]) {
      const here = others.filter((other) => other in next);
      Object.assign(next, Object.fromEntries(here.map((other) => [other, ""])));
    }
  }
  return next;
}

/**
 * Return the API's parameters for the filters of the job list, when it is asked at a time.
 *
 * @param {Filters} filters
 * @param {number} now in milliseconds since 1970
 * @returns {Filters}
 */
export function jobsQuery(filters, now) {
  const { status, time, by, from, to, ...others } = filters;
  const isStalled = status === "stalled";
  const of = by === "ended" ? "ended_" : "";
  const range = time ? rangeOf(time, now) : { from, to };
  return {
    ...others,
    status: isStalled ? "" : status,
    stalled: isStalled ? "true" : "",
    // what has no meaning here is the API's to refuse
    by: of ? "" : by,
    [`${of}from`]: range.from || others[`${of}from`],
    [`${of}to`]: range.to || others[`${of}to`],
  };
}

/**
 * Return a time of the list of jobs as moments; a day is one of the reader's calendar.
 *
 * @param {string} time
 * @param {number} now
 * @returns {{ from: string, to?: string }}
 */
function rangeOf(time, now) {
  const at = new Date(now);
  /** @param {number} back */
  const midnight = (back) =>
    new Date(at.getFullYear(), at.getMonth(), at.getDate() - back).toISOString();
  if (time === "yesterday") {
    return { from: midnight(1), to: midnight(0) };
  }
  const hours = HOURS[time];
  return {
    from: hours
      ? new Date(now - hours * HOUR).toISOString()
      : time === "today"
        ? midnight(0)
        : time,
  };
}
