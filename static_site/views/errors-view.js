/** The view of errors, in groups. */

import { createDayBars } from "../components/figures/day-bars.js";
import { createTimeText } from "../components/figures/time-text.js";
import { createListView } from "../components/lists/list-view.js";
import { bdi, h, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { clientHash, jobHash, listHash } from "../lib/route.js";
import { readErrorGroup } from "../lib/view-shapes.js";
import { countOf } from "../lib/words.js";

const WEEK = 7;
/** The API counts no more days than these at once. */
const MOST_DAYS = 400;
const DAY = 86_400_000;
const A_DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * Return from which day of UTC on errors are counted, whether only the new ones, and what to say
 * where that is not what was asked for; "" where it is.
 *
 * @param {Filters} filters
 * @param {number} now in milliseconds since 1970
 * @param {Format} format
 */
export function askedDays({ days = "", new_since: since = "" }, now, format) {
  /** @param {number} count */
  const firstOf = (count) => new Date(now - (count - 1) * DAY).toISOString().slice(0, 10);
  /** @param {string} day */
  const words = (day) => `${format.utcDate(`${day}T00:00:00Z`)} (UTC)`;
  const [today, earliest] = [firstOf(1), firstOf(MOST_DAYS)];
  if (since !== "") {
    const isDay = A_DAY.test(since) && !Number.isNaN(Date.parse(since));
    const said = `You asked for errors new since ${isDay ? words(since) : `“${since}”`}`;
    if (!isDay || since > today) {
      const why = isDay ? "has not come yet" : "is no day";
      const note = `${said}, which ${why}: all errors of the last ${WEEK} days are shown.`;
      return { first: firstOf(WEEK), isNew: false, note };
    }
    if (since < earliest) {
      const note = `${said}. ${MOST_DAYS} days can be counted at most: those new since ${words(earliest)} are shown.`;
      return { first: earliest, isNew: true, note };
    }
    return { first: since, isNew: true, note: "" };
  }
  const count = days === "" ? WEEK : Number(days);
  if (!Number.isInteger(count) || count < 1) {
    const note = `You asked for “${days}” days, which is no number of days: the last ${WEEK} are shown.`;
    return { first: firstOf(WEEK), isNew: false, note };
  }
  const note = `You asked for the last ${days} days. ${MOST_DAYS} can be counted at most, and are shown.`;
  return count > MOST_DAYS
    ? { first: earliest, isNew: false, note }
    : { first: firstOf(count), isNew: false, note: "" };
}

/** @param {Context} context */
export function createErrorsView(context) {
  const { format, clock } = context;
  let first = "";
  /** @param {Filters} filters */
  const asked = (filters) => askedDays(filters, clock.now(), format);
  /** @type {Filters} */
  let period = {};
  return createListView(context, {
    name: "errors",
    title: "Errors",
    words: ["error group", "error groups"],
    empty: (filters) =>
      asked(filters).isNew
        ? {
            title: "No error is new",
            text: ["Since that day no job has failed in a way that the 30 days before did not have."],
          }
        : {
            title: "Nothing has failed",
            text: ["No job has failed or timed out in this period."],
          },
    queryOf(filters) {
      const known = asked(filters);
      first = known.first;
      period = { client_id: filters.client_id, ended_from: `${first}T00:00:00Z` };
      return { client_id: filters.client_id, from: first, new: known.isNew ? "true" : "" };
    },
    warningOf: (filters) => asked(filters).note,
    aboutOf: () => `Jobs that failed since ${format.utcDate(`${first}T00:00:00Z`)}, by days of UTC.`,
    isOrdered: true,
    className: "card-list",
    read: readErrorGroup,
    keyOf: (group) => group.fingerprint,
    make: () => createGroup(format, clock.now, (group) => jobsHash(group, period), () => first),
  });
}

/**
 * @param {Format} format
 * @param {() => number} now
 * @param {(group: ErrorGroup) => string} hashOf the address of the jobs of a group
 * @param {() => string} firstDay the first day that is counted
 * @returns {Part<ErrorGroup>}
 */
function createGroup(format, now, hashOf, firstDay) {
  const jobCount = h("a", {});
  const attempts = h("span", { class: "quiet" });
  const count = h("strong", { class: "error-group__count" }, jobCount);
  const type = bdi("", "error-type");
  const message = bdi("", "error-text");
  const bars = createDayBars(format, "Failed jobs");
  const [first, last] = [createTimeText(format), createTimeText(format)];
  const clients = h("span", { class: "links" });
  const jobs = h("span", { class: "links" });
  const all = h("a", {});
  let shown = "";
  const element = h(
    "li",
    { class: "card surface error-group" },
    h("p", { class: "error-group__head" }, count, type, attempts),
    message,
    bars.element,
    h("p", { class: "quiet" }, "First ", first.element, " · last ", last.element),
    h("p", { class: "error-group__where" }, h("span", { class: "quiet" }, "Clients "), clients),
    h("p", { class: "error-group__where" }, h("span", { class: "quiet" }, "Jobs "), jobs, all),
  );
  /** @param {string[]} ids @param {(id: string) => string} hashOfOne @param {string[]} names */
  const links = (ids, hashOfOne, names) =>
    ids.map((id, at) => h("a", { href: hashOfOne(id), title: id }, bdi(names[at])));
  return {
    element,

    update(group) {
      setText(jobCount, countOf(group.jobs, "job", "jobs", format));
      setAttribute(jobCount, "href", group.jobs === 0 ? null : hashOf(group));
      setText(attempts, attemptsText(group, format));
      setText(type, group.type ?? "No reason given");
      setText(message, group.message ?? "");
      setHidden(message, group.message === null);
      setHidden(bars.element, group.jobs === 0);
      bars.update(group.days, firstDay(), now());
      first.update(group.first_seen_at, now());
      last.update(group.last_seen_at, now());
      const wanted = JSON.stringify([group.clients, group.job_ids, group.job_names]);
      if (wanted !== shown) {
        shown = wanted;
        setChildren(clients, links(group.clients, clientHash, group.clients));
        setChildren(jobs, links(group.job_ids, jobHash, jobNames(group)));
      }
      setAttribute(all, "href", hashOf(group));
      setHidden(all, group.jobs === 0);
      setText(all, `All jobs ${group.type === null ? "that gave no reason" : "with this error"}`);
    },
  };
}

/**
 * Return what the jobs of a group are called: their names, with the id where two are called alike.
 *
 * @param {ErrorGroup} group
 */
function jobNames({ job_ids: ids, job_names: names }) {
  const called = ids.map((id) => names[id] ?? id);
  return called.map((name, at) =>
    called.indexOf(name) === called.lastIndexOf(name) ? name : `${name} (${ids[at]})`,
  );
}

/**
 * Return how many attempts failed, where these are more than the jobs that stand failed.
 *
 * @param {ErrorGroup} group
 * @param {Format} format
 */
function attemptsText({ count, jobs }, format) {
  const attempts = countOf(count, "attempt", "attempts", format);
  if (count <= jobs) {
    return "";
  }
  return jobs === 0 ? `${attempts}, all retried since` : `${attempts}, with those retried`;
}

/**
 * Return the address of a group's jobs, of the same client and period as the group.
 *
 * @param {ErrorGroup} group
 * @param {Filters} period
 */
function jobsHash({ fingerprint }, period) {
  return listHash("jobs", { ...period, fingerprint });
}
