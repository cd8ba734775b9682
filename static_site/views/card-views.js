/** The views that are lists of cards, errors, projects and clients; and one client. */

import { createThing } from "../feeds/resource.js";
import { bdi, h, keyedList, setAttribute, setChildren, setHidden, setText } from "../lib/dom.js";
import { clientHash, jobHash, listHash } from "../lib/route.js";
import { readClient, readConfiguration, readErrorGroup, readProject } from "../lib/shapes.js";
import { countOf, counterText, spellOut, totalsText } from "../lib/words.js";
import { createTotalsBar } from "./charts.js";
import { createFacts } from "./job-parts.js";
import { createListView } from "./list-view.js";
import { createLiveView, createSkeleton } from "./live-view.js";
import { createCard, createTimeText } from "./parts.js";

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
    { class: "card error-group" },
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

const STATUSES = Object.freeze({
  active: "Active",
  paused: "Paused",
  completed: "Completed",
  archived: "Archived",
});

export function createProjectsView(context) {
  const { format, clock } = context;
  return createListView(context, {
    name: "projects",
    title: "Projects",
    words: ["project", "projects"],
    empty: {
      title: "No project to show",
      text: ["A project appears here as soon as one of its jobs reports."],
    },
    fields: [
      { name: "client_id", label: "Client", kind: "text", any: "All clients" },
      { name: "status", label: "Status", kind: "select", any: "Any status", choices: STATUSES },
    ],
    className: "card-grid",
    read: readProject,
    keyOf: (project) => `${project.client_id}/${project.project_id}`,
    make: () => createProject(format, clock.now),
    clientsOf: (project) => project.client_id,
    isBusy: (project) => project.jobs.running > 0,
  });
}

function createProject(format, now) {
  const name = bdi("");
  const link = h("a", {}, name);
  const client = bdi("");
  const clientLink = h("a", {}, client);
  const status = h("span", { class: "chip" });
  const bar = createTotalsBar(format, totalsText);
  const facts = createFacts("facts facts--plain");
  const element = h(
    "li",
    { class: "card project" },
    h("div", { class: "project__head" }, h("h2", {}, link), status),
    h("p", { class: "quiet" }, clientLink),
    bar.element,
    facts.element,
  );
  return {
    element,

    update(project) {
      const { client_id: clientId, project_id: projectId } = project;
      setText(name, project.name ?? projectId);
      setAttribute(link, "href", listHash("jobs", { client_id: clientId, project_id: projectId }));
      setText(client, clientId);
      setAttribute(clientLink, "href", clientHash(clientId));
      setText(status, project.status === null ? "" : (STATUSES[project.status] ?? project.status));
      setHidden(status, project.status === null);
      bar.update(project.jobs, project.jobs_expected ?? 0);
      facts.update(factsOf(project, now(), format));
    },
  };
}

function factsOf(project, now, format) {
  const fact = (label, text) => (text === null ? [] : [{ label, text }]);
  const { total, queued, running } = project.jobs;
  const done = total - queued - running;
  const expected = project.jobs_expected;
  return [
    ...fact(
      "Jobs done",
      expected === null
        ? null
        : `${format.number(done)} of ${format.number(expected)} expected` +
            (expected > 0 ? `, ${format.percent(done, expected)}` : ""),
    ),
    ...fact("Due", dueText(project, now, format)),
    ...fact("Owner", project.owner),
    ...Object.entries(project.counters).map(([label, value]) => ({
      label: spellOut(label === "cost_microusd" ? "cost" : label),
      text: counterText(label, value, format),
    })),
    ...Object.entries(project.tags).map(([label, text]) => ({ label, text })),
  ];
}

/** The day, and for what goes on how far off it is. */
function dueText({ due_at: at, status }, now, format) {
  if (at === null) {
    return null;
  }
  const seconds = (Date.parse(at) - now) / 1000;
  const days = countOf(Math.floor(Math.abs(seconds) / 86_400), "day", "days", format);
  const far = seconds < 0 ? `overdue by ${days}` : `in ${days}`;
  return ["completed", "archived"].includes(status) ? format.day(at) : `${format.day(at)}, ${far}`;
}

export function createClientsView(context) {
  return createListView(context, {
    name: "clients",
    title: "Clients",
    words: ["client", "clients"],
    empty: {
      title: "No clients yet",
      text: ["A client appears here when it is declared, or when its first job reports."],
    },
    className: "card-grid",
    read: readClient,
    keyOf: (client) => client.client_id,
    make: () => createClientCard(context.format),
    isBusy: (client) => client.jobs.running > 0,
  });
}

function createClientCard(format) {
  const name = bdi("");
  const link = h("a", {}, name);
  const about = bdi("", "quiet");
  const bar = createTotalsBar(format, totalsText);
  return {
    element: h("li", { class: "card" }, h("h2", {}, link), about, bar.element),
    update(client) {
      setText(name, client.name ?? client.client_id);
      setAttribute(link, "href", clientHash(client.client_id));
      setText(about, client.description ?? (client.declared ? client.client_id : "Only reported so far"));
      bar.update(client.jobs);
    },
  };
}

export function createClientView(context) {
  const { api, format, clock } = context;
  const back = h("a", { class: "back-link", href: "#/clients" }, "← All clients");
  const about = h("p", { class: "client__about" }, bdi(""));
  const facts = createFacts("facts");
  const bar = createTotalsBar(format, totalsText);
  const ways = ["jobs", "errors", "projects"].map((view) => ({
    view,
    element: h("a", { class: "button button--quiet" }, `Its ${view}`),
  }));
  const config = createConfigCard(format, clock.now);
  let client = null;
  let configuration = null;

  const view = createLiveView(context, {
    name: "client",
    title: "Client",
    lead: back,
    body: h(
      "div",
      { class: "job-body__parts" },
      about,
      h("p", { class: "client__ways" }, ...ways.map((way) => way.element)),
      createCard("totals", "Jobs", bar.element),
      facts.element,
      config.element,
    ),
    skeleton: createSkeleton(3, "skeleton-stack"),
    backHash: "#/clients",
    backLabel: "All clients",
    reset({ id }) {
      const path = `/clients/${encodeURIComponent(id)}`;
      client = createThing(api, path, readClient);
      configuration = createThing(api, `${path}/config`, readConfiguration);
      setText(view.heading, id);
      for (const way of ways) {
        setAttribute(way.element, "href", listHash(way.view, { client_id: id }));
      }
    },
    ask: (signal) => Promise.all([client.ask(signal), configuration.ask(signal)]),
    data: () =>
      client?.data() && configuration.data()
        ? { client: client.data(), configuration: configuration.data() }
        : null,
    render({ client: known, configuration: shown }) {
      setText(view.heading, known.name ?? known.client_id);
      setText(about.firstChild, known.description ?? "");
      setHidden(about, known.description === null);
      bar.update(known.jobs);
      facts.update([
        { label: "Client id", text: known.client_id },
        ...(known.contact === null ? [] : [{ label: "Contact", text: known.contact }]),
        ...Object.entries(known.tags).map(([label, text]) => ({ label, text })),
      ]);
      config.update(shown);
    },
  });
  return view;
}

function createConfigCard(format, now) {
  const body = h("dl", { class: "parameters" });
  const rows = keyedList(body, {
    keyOf: (parameter) => parameter.name,
    make: () => createParameter(format, now),
  });
  const none = h("p", { class: "quiet" }, "No parameter is set.");
  const secrets = h("p", { class: "secrets-note" });
  return {
    element: createCard("config", "Configuration", body, none, secrets),
    update({ parameters, secrets_omitted: omitted }) {
      rows.update(parameters);
      setHidden(body, parameters.length === 0);
      setHidden(none, parameters.length > 0 || omitted > 0);
      setHidden(secrets, omitted === 0);
      setText(
        secrets,
        `${countOf(omitted, "secret parameter is", "secret parameters are", format)} left out: ` +
          "secrets are never shown here.",
      );
    },
  };
}

function createParameter(format, now) {
  const name = bdi("", "mono");
  const about = bdi("", "quiet");
  const value = bdi("", "mono");
  const changed = createTimeText(format);
  const when = h("span", { class: "quiet" }, "set ", changed.element);
  return {
    element: h("div", { class: "parameter" }, h("dt", {}, name, about), h("dd", {}, value, when)),
    update(parameter) {
      setText(name, parameter.name);
      setText(about, parameter.description ?? "");
      setText(value, parameter.value === "" ? "(empty)" : parameter.value);
      setHidden(when, parameter.updated_at === null);
      changed.update(parameter.updated_at, now());
    },
  };
}
