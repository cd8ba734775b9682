/**
 * The filters of every list, each declared once: the name in the address, which is the API's
 * parameter, and how people see it.
 */

import { FAILURES, OUTCOMES, RESULTS } from "./outcomes.js";
import { endedText, failureText } from "./words.js";

/** @type {Chip} */
const ENDED = {
  label: "Ended",
  names: ["ended_from", "ended_to"],
  textOf: (filters, _, timeText) => endedText(filters, timeText),
};
/** @type {Chip} */
const ERROR = {
  label: "Error",
  names: ["fingerprint"],
  textOf: (filters, jobs) => failureText(filters.fingerprint, jobs),
  titleOf: (filters) => filters.fingerprint,
};

/** @param {readonly string[]} names */
const labelsOf = (names) => Object.fromEntries(names.map((name) => [name, OUTCOMES[name].label]));

const STATUSES = { ...labelsOf(["queued", "running", "stalled"]), completed: "Completed" };

/** The value of the filter by result that stands for all failures. */
export const ANY_FAILURE = FAILURES.join(",");
const RESULT_CHOICES = { ...labelsOf(RESULTS), [ANY_FAILURE]: "Failed or timed out" };

/** @type {Readonly<Record<string, string>>} */
export const PROJECT_STATUSES = Object.freeze({
  active: "Active",
  paused: "Paused",
  completed: "Completed",
  archived: "Archived",
});

const LONGER = { "7d": "7 days", "30d": "30 days" };
const DAYS = { 1: "Today (UTC)", 30: "Last 30 days", 90: "Last 90 days" };

/**
 * The API asks for stalled jobs by a parameter of its own.
 *
 * @param {string} status
 * @returns {Filters}
 */
function stalledOrStatus(status) {
  return status === "stalled" ? { stalled: "true" } : { status };
}

/** @type {Field} */
const CLIENT = { label: "Client", kind: "client", any: "All clients" };

/**
 * The filters of each list; its fields stand in this order.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, Filter>>>>}
 */
export const FILTERS = {
  overview: {
    period: { field: { label: "Period", kind: "select", any: "24 hours", choices: LONGER } },
  },
  jobs: {
    q: { field: { label: "Search", kind: "text", any: "Id or name" } },
    client_id: { field: CLIENT },
    status: {
      field: { label: "Status", kind: "select", any: "Any status", choices: STATUSES },
      query: stalledOrStatus,
    },
    result: {
      field: { label: "Result", kind: "select", any: "Any result", choices: RESULT_CHOICES },
      only: "completed",
    },
    project_id: {
      field: {
        label: "Project",
        kind: "text",
        any: "All projects",
        isOffered: true,
        isMore: true,
      },
    },
    pipeline: {
      field: {
        label: "Pipeline",
        kind: "text",
        any: "All pipelines",
        isOffered: true,
        isMore: true,
      },
    },
    from: { field: { label: "Created from", kind: "date", isMore: true } },
    to: { field: { label: "Created up to", kind: "date", isEnd: true, isMore: true } },
    parent_job_id: { field: { label: "Part of job", kind: "text", any: "Any job", isMore: true } },
    ended_from: { chip: ENDED, only: "completed" },
    ended_to: { chip: ENDED, only: "completed" },
    // the last chip, as its text may change when the jobs come: no chip behind it can move
    fingerprint: { chip: ERROR, only: "failures", isExact: true },
  },
  errors: {
    client_id: { field: CLIENT },
    days: { field: { label: "Time", kind: "select", any: "Last 7 days", choices: DAYS } },
  },
  projects: {
    client_id: { field: CLIENT },
    status: {
      field: { label: "Status", kind: "select", any: "Any status", choices: PROJECT_STATUSES },
    },
  },
  clients: {},
};

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
  return next;
}

/**
 * Return the API's parameters for the filters of the job list.
 *
 * @param {Filters} filters
 * @returns {Filters}
 */
export function jobsQuery(filters) {
  const pairs = Object.entries(filters).map(
    ([name, value]) => FILTERS.jobs[name]?.query?.(value) ?? { [name]: value },
  );
  return Object.assign({}, ...pairs);
}
