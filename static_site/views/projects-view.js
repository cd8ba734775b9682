/** Projects: how far they are, and what became of their jobs. */

import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../lib/dom.js";
import { createPages } from "../lib/feeds.js";
import { clientHash, listHash } from "../lib/route.js";
import { readProject } from "../lib/shapes.js";
import { counterText, spellOut, totalsText } from "../lib/words.js";
import { createTotalsBar } from "./charts.js";
import { createFilterForm } from "./filter-form.js";
import { createFacts } from "./job-parts.js";
import { createListFoot, createLiveView, createSkeleton } from "./live-view.js";

const STATUSES = Object.freeze({
  active: "Active",
  paused: "Paused",
  completed: "Completed",
  archived: "Archived",
});

export function createProjectsView(context) {
  const { api, format, clock, navigate } = context;
  const keyOf = (project) => `${project.client_id}/${project.project_id}`;
  const pages = createPages(api, { path: "/projects", limit: 50, read: readProject, keyOf });
  const filters = createFilterForm({
    label: "Filter projects",
    fields: [
      { name: "client_id", label: "Client", kind: "text", any: "All clients" },
      { name: "status", label: "Status", kind: "select", any: "Any status", choices: STATUSES },
    ],
    onChange: (next) => navigate(listHash("projects", next)),
  });
  const list = h("ul", { class: "card-grid" });
  const rows = keyedList(list, { keyOf, make: () => createProject(format, clock.now) });
  const foot = createListFoot({
    onMore: () => {
      foot.begin();
      void view.act(pages.askMore, foot.fail);
    },
    empty: {
      shape: "empty",
      title: "No project to show",
      text: ["A project appears here as soon as one of its jobs reports."],
    },
  });
  const view = createLiveView(context, {
    name: "projects",
    title: "Projects",
    tools: filters.element,
    body: h("div", {}, list, foot.element),
    skeleton: createSkeleton(6, "card-grid"),
    backHash: "#/projects",
    reset(route) {
      filters.update(route.filters);
      pages.reset(route.filters);
    },
    async ask(signal) {
      await pages.ask(signal);
      return pages.data().items.some((project) => project.jobs.running > 0);
    },
    data: pages.data,
    render(data) {
      rows.update(data.items);
      setHidden(list, data.items.length === 0);
      foot.update(data);
      filters.offer("client_id", [...new Set(data.items.map((project) => project.client_id))]);
    },
  });
  return view;
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
      bar.update(project.jobs);
      facts.update(factsOf(project, now(), format));
    },
  };
}

function factsOf(project, now, format) {
  const fact = (label, text) => (text === null ? [] : [{ label, text }]);
  const { total, queued, running } = project.jobs;
  const expected = project.jobs_expected;
  const isLate = project.due_at !== null && Date.parse(project.due_at) < now;
  const isDone = project.status === "completed" || project.status === "archived";
  return [
    ...fact(
      "Jobs done",
      expected === null
        ? null
        : `${format.number(total - queued - running)} of ${format.number(expected)} expected`,
    ),
    ...fact(
      "Due",
      project.due_at === null
        ? null
        : `${format.day(project.due_at)}${isLate && !isDone ? " – overdue" : ""}`,
    ),
    ...fact("Owner", project.owner),
    ...Object.entries(project.counters).map(([label, value]) => ({
      label: spellOut(label === "cost_microusd" ? "cost" : label),
      text: counterText(label, value, format),
    })),
    ...Object.entries(project.tags).map(([label, text]) => ({ label, text })),
  ];
}
