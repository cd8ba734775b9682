/** The view of errors, in groups. */

import { createDayBars } from "../components/figures/day-bars.js";
import { createTimeText } from "../components/figures/time-text.js";
import { createListView } from "../components/lists/list-view.js";
import { readErrorGroup } from "../feeds/list-shapes.js";
import { bdi, h, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { clientHash, jobHash, listHash } from "../lib/route.js";
import { countOf } from "../lib/words.js";

const WEEK = 7;

/** @param {Context} context */
export function createErrorsView(context) {
  const { format, clock } = context;
  let first = "";
  /** @type {Filters} */
  let period = {};
  return createListView(context, {
    name: "errors",
    title: "Errors",
    words: ["error group", "error groups"],
    empty: (filters) =>
      filters.new_since
        ? {
            title: "No error is new",
            text: ["Since that day no job has failed in a way that the 30 days before did not have."],
          }
        : {
            title: "Nothing has failed",
            text: ["No job has failed or timed out in this period."],
          },
    queryOf(filters) {
      const days = Number(filters.days || WEEK);
      const begin = new Date(clock.now() - (days - 1) * 86_400_000);
      const since = filters.new_since;
      // the API refuses what is no day
      first = since || (Number.isNaN(begin.getTime()) ? filters.days : begin.toISOString().slice(0, 10));
      period = { client_id: filters.client_id, ended_from: `${first}T00:00:00Z` };
      return { client_id: filters.client_id, from: first, new: since ? "true" : "" };
    },
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
  const tries = h("span", { class: "quiet" });
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
    h("p", { class: "error-group__head" }, count, type, tries),
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
      setText(tries, triesText(group, format));
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
function triesText({ count, jobs }, format) {
  const attempts = countOf(count, "attempt", "attempts", format);
  if (count <= jobs) {
    return "";
  }
  return jobs === 0 ? `${attempts}, all tried again since` : `${attempts}, with those tried again`;
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
