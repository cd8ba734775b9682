/** The view of errors, in groups. */

import { createTimeText } from "../components/figures/time-text.js";
import { createListView } from "../components/lists/list-view.js";
import { bdi, h, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { clientHash, jobHash, listHash } from "../lib/route.js";
import { readErrorGroup } from "../lib/shapes.js";
import { countOf } from "../lib/words.js";

const WEEK = 7;

/** @param {Context} context */
export function createErrorsView(context) {
  const { format, clock } = context;
  /** @type {Filters} */
  let period = {};
  return createListView(context, {
    name: "errors",
    title: "Errors",
    words: ["error group", "error groups"],
    empty: {
      title: "Nothing has failed",
      text: ["No job has failed or timed out in this period."],
    },
    queryOf(filters) {
      const days = Number(filters.days || WEEK);
      const first = new Date(clock.now() - (days - 1) * 86_400_000);
      // the API refuses what is no day
      const from = Number.isNaN(first.getTime()) ? filters.days : first.toISOString().slice(0, 10);
      period = { client_id: filters.client_id, ended_from: `${from}T00:00:00Z` };
      return { client_id: filters.client_id, from };
    },
    isOrdered: true,
    className: "card-list",
    read: readErrorGroup,
    keyOf: (group) => group.fingerprint,
    make: () => createGroup(format, clock.now, (group) => jobsHash(group, period)),
  });
}

/**
 * @param {Format} format
 * @param {() => number} now
 * @param {(group: ErrorGroup) => string} hashOf the address of the jobs of a group
 * @returns {Part<ErrorGroup>}
 */
function createGroup(format, now, hashOf) {
  const jobCount = h("a", {});
  const tries = h("span", { class: "quiet" });
  const count = h("strong", { class: "error-group__count" }, jobCount);
  const type = bdi("", "error-type");
  const message = bdi("", "error-text");
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
    h("p", { class: "quiet" }, "First ", first.element, " · last ", last.element),
    h("p", { class: "error-group__where" }, h("span", { class: "quiet" }, "Clients "), clients),
    h("p", { class: "error-group__where" }, h("span", { class: "quiet" }, "Jobs "), jobs, all),
  );
  /** @param {string[]} ids @param {(id: string) => string} hashOfOne */
  const links = (ids, hashOfOne) =>
    ids.map((id) => h("a", { href: hashOfOne(id) }, bdi(id)));
  return {
    element,

    update(group) {
      setText(jobCount, countOf(group.jobs, "job", "jobs", format));
      setAttribute(jobCount, "href", group.jobs === 0 ? null : hashOf(group));
      setText(tries, triesText(group, format));
      setText(type, group.type ?? "No reason given");
      setText(message, group.message ?? "");
      setHidden(message, group.message === null);
      first.update(group.first_seen_at, now());
      last.update(group.last_seen_at, now());
      const wanted = JSON.stringify([group.clients, group.job_ids]);
      if (wanted !== shown) {
        shown = wanted;
        setChildren(clients, links(group.clients, clientHash));
        setChildren(jobs, links(group.job_ids, jobHash));
      }
      setAttribute(all, "href", hashOf(group));
      setHidden(all, group.jobs === 0);
      setText(all, `All jobs ${group.type === null ? "that gave no reason" : "with this error"}`);
    },
  };
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
