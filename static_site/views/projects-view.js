/** The view of projects. */

import { createFacts } from "../components/figures/facts.js";
import { createTotalsBar } from "../components/figures/totals-bar.js";
import { createListView } from "../components/lists/list-view.js";
import { createProjectHead, factsOf } from "../components/project/project-facts.js";
import { bdi, h, setAttribute, setText } from "../lib/dom.js";
import { clientHash, listHash, projectHash } from "../lib/route.js";
import { readProject } from "../lib/view-shapes.js";

/** @param {Context} context */
export function createProjectsView(context) {
  const { format, clock } = context;
  return createListView(context, {
    name: "projects",
    title: "Projects",
    words: ["project", "projects"],
    empty: () => ({
      title: "No project to show",
      text: ["A project appears here as soon as one of its jobs reports."],
    }),
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
  const head = createProjectHead();
  const mine = { client_id: first.client_id, project_id: first.project_id };
  const bar = createTotalsBar(format, (filters) => listHash("jobs", { ...filters, ...mine }));
  const facts = createFacts("facts facts--plain");
  const element = h(
    "li",
    { class: "card surface project" },
    h("div", { class: "project__head" }, h("h2", {}, link), head.element),
    h("p", { class: "quiet" }, clientLink),
    bar.element,
    facts.element,
  );
  return {
    element,

    update(project) {
      const { client_id: clientId } = project;
      setText(name, project.name ?? project.project_id);
      setAttribute(link, "href", projectHash(project));
      setText(client, clientId);
      setAttribute(clientLink, "href", clientHash(clientId));
      head.update(project);
      bar.update(project.jobs, project.jobs_expected ?? 0);
      facts.update(factsOf(project, now(), format));
    },
  };
}
