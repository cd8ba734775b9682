/** The filters of the list of incidents, and what the API is asked by them. */

import { CLIENT } from "../../lib/filters.js";

const DAY = 86_400_000;
const STATES = { closed: "Closed", all: "Open and closed" };
const WHATS = {
  failed: "Failed",
  timed_out: "Timed out",
  partial: "Ended partial",
  new_error: "New error",
  error_rate: "Error rate too high",
  missed: "Missed run",
  late: "Late run",
  too_long: "Runs too long",
  stalled: "Stalled",
  overdue: "Project overdue",
  budget: "Budget reached",
  differs: "Figures differ from their events",
};
const OPENED = { 1: "Today (UTC)", 7: "Last 7 days", 30: "Last 30 days" };
const OWNERS = { false: "Clients’ own", true: "Staff’s" };
const ORDERS = { jobs: "Most jobs first" };

/**
 * The filters in the order of their fields; `lib/filters.js` has the same names.
 *
 * @type {Readonly<Record<string, Filter>>}
 */
export const INCIDENT_FILTERS = Object.freeze({
  client_id: { field: CLIENT },
  state: { field: { label: "State", kind: "select", any: "Open", choices: STATES } },
  what: { field: { label: "What is wrong", kind: "select", any: "Anything", choices: WHATS } },
  days: { field: { label: "Opened", kind: "select", any: "Any time", choices: OPENED } },
  of_staff: { field: { label: "Rules", kind: "select", any: "All rules", choices: OWNERS, isOfStaff: true } },
  sort: { field: { label: "Order", kind: "select", any: "Newest first", choices: ORDERS } },
  project_id: { field: { label: "Project", kind: "text", any: "All projects", isMore: true } },
  pipeline: { field: { label: "Pipeline", kind: "text", any: "All pipelines", isMore: true } },
  from: { field: { label: "Opened from", kind: "date", isMore: true } },
  to: { field: { label: "Up to", kind: "date", isEnd: true, isMore: true } },
});

/**
 * Return the API's parameters, when it is asked at a time. What is open comes without a filter.
 *
 * @param {Filters} filters
 * @param {number} now in milliseconds since 1970
 * @returns {Filters}
 */
export function incidentsQuery({ days = "", from = "", sort = "", state = "", ...others }, now) {
  return {
    ...others,
    state: state === "all" ? "" : state || "open",
    from: days === "" ? from : firstDay(days, now),
    // closed ones have no such order
    sort: state === "" ? sort : "",
  };
}

/**
 * Return the first of so many days of UTC, the last of which is today; what is no number of days is
 * the API's to refuse. Days, and not hours: so a next page can be asked for while one lasts.
 *
 * @param {string} days
 * @param {number} now
 */
function firstDay(days, now) {
  const count = Number(days);
  const isCount = Number.isInteger(count) && count > 0 && count <= 400;
  return isCount ? new Date(now - (count - 1) * DAY).toISOString().slice(0, 10) : days;
}
