/** The view of errors, in groups of one kind. */

import { createTimeText } from "../components/figures/time-text.js";
import { createListView } from "../components/lists/list-view.js";
import { bdi, h, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { clientHash, jobHash, listHash } from "../lib/route.js";
import { readErrorGroup } from "../lib/shapes.js";
import { countOf } from "../lib/words.js";

const DAYS = Object.freeze({ 1: "Today (UTC)", 30: "Last 30 days", 90: "Last 90 days" });

const WEEK = 7;

export function createErrorsView(context) {
  const { format, clock } = context;
  let span = {};
  return createListView(context, {
    name: "errors",
    title: "Errors",
    words: ["kind of error", "kinds of error"],
    empty: {
      title: "Nothing has failed",
      text: ["In this time no job has failed or timed out."],
    },
    fields: [
      { name: "client_id", label: "Client", kind: "text", any: "All clients" },
      { name: "days", label: "Time", kind: "select", any: "Last 7 days", choices: DAYS },
    ],
    queryOf(filters) {
      const days = Number(filters.days || WEEK);
      const first = new Date(clock.now() - (days - 1) * 86_400_000);
      // what is no day is the API's to refuse
      const from = Number.isNaN(first.getTime()) ? filters.days : first.toISOString().slice(0, 10);
      span = { client_id: filters.client_id, ended_from: `${from}T00:00:00Z` };
      return { client_id: filters.client_id, from };
    },
    isOrdered: true,
    className: "card-list",
    read: readErrorGroup,
    keyOf: (group) => group.fingerprint,
    make: () => createGroup(format, clock.now, (group) => jobsHash(group, span)),
    clientsOf: (group) => group.clients,
  });
}

function createGroup(format, now, hashOf) {
  const count = h("strong", { class: "error-group__count" });
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
    h("p", { class: "error-group__head" }, count, type),
    message,
    h("p", { class: "quiet" }, "First ", first.element, " · last ", last.element),
    h("p", { class: "error-group__where" }, h("span", { class: "quiet" }, "Clients "), clients),
    h("p", { class: "error-group__where" }, h("span", { class: "quiet" }, "Jobs "), jobs, all),
  );
  const links = (ids, hashOfOne) =>
    ids.map((id) => h("a", { href: hashOfOne(id) }, bdi(id)));
  return {
    element,

    update(group) {
      setText(count, countOf(group.count, "time", "times", format));
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
      setText(all, `All jobs ${group.type === null ? "that gave no reason" : "with this error"}`);
    },
  };
}

/** The list of a group's jobs in the span and of the client that the groups are counted over. */
function jobsHash({ fingerprint }, span) {
  return listHash("jobs", { ...span, fingerprint });
}
