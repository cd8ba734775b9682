/** The view of projects. */

import { createFacts } from "../components/figures/facts.js";
import { createTotalsBar } from "../components/figures/totals-bar.js";
import { createListView } from "../components/lists/list-view.js";
import { counterOf, spellOut } from "../lib/counters.js";
import { bdi, h, setAttribute, setHidden, setText } from "../lib/dom.js";
import { PROJECT_STATUSES } from "../lib/filters.js";
import { clientHash, listHash } from "../lib/route.js";
import { readProject } from "../lib/shapes.js";
import { countOf } from "../lib/words.js";

/** @param {Context} context */
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
    className: "card-grid",
    read: readProject,
    keyOf: (project) => `${project.client_id}/${project.project_id}`,
    make: (project) => createProject(format, clock.now, project),
    isBusy: (project) => project.jobs.running > 0,
  });
}

/** @param {Format} format @param {() => number} now @param {Project} first @returns {Part<Project>} */
function createProject(format, now, first) {
  const name = bdi("");
  const link = h("a", {}, name);
  const client = bdi("");
  const clientLink = h("a", {}, client);
  const status = h("span", { class: "chip" });
  const mine = { client_id: first.client_id, project_id: first.project_id };
  const bar = createTotalsBar(format, (filters) => listHash("jobs", { ...filters, ...mine }));
  const facts = createFacts("facts facts--plain");
  const element = h(
    "li",
    { class: "card surface project" },
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
      const stated = project.status ?? "";
      setText(status, PROJECT_STATUSES[stated] ?? stated);
      setHidden(status, stated === "");
      bar.update(project.jobs, project.jobs_expected ?? 0);
      facts.update(factsOf(project, now(), format));
    },
  };
}

/** @param {Project} project @param {number} now @param {Format} format */
function factsOf(project, now, format) {
  /** @param {string} label @param {string | null} text @param {string} [href] */
  const fact = (label, text, href) => (text === null ? [] : [{ label, text, href }]);
  const { client_id, project_id } = project;
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
      listHash("jobs", { client_id, project_id, status: "completed" }),
    ),
    ...fact("Due", dueText(project, now, format)),
    ...fact("Owner", project.owner),
    ...Object.keys(project.counters).map((label) => ({
      label: spellOut(label === "cost_microusd" ? "cost" : label),
      text: counterOf(label, project.counters, format),
    })),
    ...Object.entries(project.tags).map(([label, text]) => ({ label, text })),
  ];
}

/**
 * Return the day when a project is due and, while it goes on, how far off that is.
 *
 * @param {Project} project
 * @param {number} now
 * @param {Format} format
 */
function dueText({ due_at: at, status }, now, format) {
  if (at === null) {
    return null;
  }
  const seconds = (Date.parse(at) - now) / 1000;
  const days = countOf(Math.floor(Math.abs(seconds) / 86_400), "day", "days", format);
  const far = seconds < 0 ? `overdue by ${days}` : `in ${days}`;
  return ["completed", "archived"].includes(status ?? "") ? format.day(at) : `${format.day(at)}, ${far}`;
}
