/**
 * The filters of every list, each declared once: the name in the address, which is the API's
 * parameter, and how people see it.
 */

import { DONE, FAILURES, OUTCOMES, RESULTS } from "./outcomes.js";
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
const RESULT_CHOICES = {
  ...labelsOf(RESULTS),
  [ANY_FAILURE]: "Failed or timed out",
  [DONE.join()]: "Done: succeeded or partial",
};

/** @type {Readonly<Record<string, string>>} */
export const PROJECT_STATUSES = Object.freeze({
  active: "Active",
  paused: "Paused",
  completed: "Completed",
  archived: "Archived",
});

const LONGER = { "7d": "7 days", "30d": "30 days" };
const DAYS = { 1: "Today (UTC)", 30: "Last 30 days", 90: "Last 90 days" };

const TIMES = {
  "2h": "Last 2 hours",
  "24h": "Last 24 hours",
  today: "Today",
  yesterday: "Yesterday",
  "7d": "Last 7 days",
};
const BY = { ended: "End" };
const ORDERS = { duration: "Longest first", cost: "Dearest first" };

/** @type {Field} */
export const CLIENT = { label: "Client", kind: "client", any: "All clients" };

/**
 * The filters of each list; its fields stand in this order.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, Filter>>>>}
 */
export const FILTERS = {
  overview: {
    period: { field: { label: "Period", kind: "select", any: "24 hours", choices: LONGER } },
    order: {},
  },
  jobs: {
    q: { field: { label: "Search", kind: "text", any: "Id or name" } },
    client_id: { field: CLIENT },
    status: {
      field: { label: "Status", kind: "select", any: "Any status", choices: STATUSES },
    },
    result: {
      field: { label: "Result", kind: "select", any: "Any result", choices: RESULT_CHOICES },
      only: "completed",
    },
    time: { field: { label: "Time", kind: "select", any: "Any time", choices: TIMES } },
    sort: { field: { label: "Order", kind: "select", any: "Newest first", choices: ORDERS } },
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
    tag: { field: { label: "Tag", kind: "text", any: "name:value", isMore: true } },
    by: {
      field: { label: "Time of", kind: "select", any: "Creation", choices: BY, isMore: true },
      only: "completed",
    },
    from: { field: { label: "From", kind: "date", isMore: true } },
    to: { field: { label: "Up to", kind: "date", isEnd: true, isMore: true } },
    parent_job_id: { field: { label: "Part of job", kind: "text", any: "Any job", isMore: true } },
    ended_from: { chip: ENDED, only: "completed" },
    ended_to: { chip: ENDED, only: "completed" },
    // the last chip, as its text may change when the jobs come: no chip behind it can move
    fingerprint: { chip: ERROR, only: "failures", isExact: true },
  },
  errors: {
    client_id: { field: CLIENT },
    days: { field: { label: "Time", kind: "select", any: "Last 7 days", choices: DAYS } },
    new_since: { field: { label: "New since (UTC)", kind: "date", isDay: true } },
  },
  incidents: {
    // their fields stand in components/incidents/incident-filters.js
    client_id: {},
    state: {},
    what: {},
    days: {},
    of_staff: {},
    sort: {},
    project_id: {},
    pipeline: {},
    from: {},
    to: {},
  },
  projects: {
    client_id: { field: CLIENT },
    status: {
      field: { label: "Status", kind: "select", any: "Any status", choices: PROJECT_STATUSES },
    },
    overdue: {
      field: {
        label: "Due date",
        kind: "select",
        any: "Any due date",
        choices: { true: "Overdue", false: "Not overdue" },
      },
    },
    sort: {
      field: { label: "Order", kind: "select", any: "By client", choices: { due: "By due date" } },
    },
  },
  costs: {
    // their fields stand in the view
    group_by: {},
    period: {},
    since: {},
    client_id: { field: CLIENT },
  },
  clients: {},
  api: {},
  compare: { one: { isExact: true }, other: { isExact: true } },
};
