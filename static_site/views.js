/** Every view of the site: the entry of the navigation that it belongs to, and how to load it. */

/** @type {Readonly<Record<string, Place>>} by the view's name in a route */
export const VIEWS = Object.freeze({
  overview: {
    entry: "overview",
    load: async () => (await import("./views/overview-view.js")).createOverviewView,
    styles: [
      "components/figures/error-lines.css",
      "components/figures/hour-chart.css",
      "components/job/job-lines.css",
      "components/job/job-state.css",
      "views/overview-view.css",
    ],
  },
  jobs: {
    entry: "jobs",
    load: async () => (await import("./views/jobs-view.js")).createJobsView,
    styles: [
      "components/job/job-table.css",
      "components/job/job-state.css",
      "components/lists/filter-form.css",
      "components/lists/steady-list.css",
      "views/jobs-view.css",
    ],
  },
  job: {
    entry: "jobs",
    load: async () => (await import("./views/job-view.js")).createJobView,
    styles: [
      "components/figures/facts.css",
      "components/job/job-body.css",
      "components/job/job-state.css",
    ],
  },
  compare: {
    entry: "jobs",
    load: async () => (await import("./views/compare-view.js")).createCompareView,
    styles: ["components/job/job-state.css", "components/timeline/compared-jobs.css"],
  },
  errors: {
    entry: "errors",
    load: async () => (await import("./views/errors-view.js")).createErrorsView,
    styles: [
      "components/lists/filter-form.css",
      "components/lists/list-view.css",
      "components/lists/steady-list.css",
      "components/figures/day-bars.css",
      "views/errors-view.css",
    ],
  },
  incidents: {
    entry: "incidents",
    load: async () => (await import("./views/incidents/incidents-view.js")).createIncidentsView,
    styles: [
      "components/lists/filter-form.css",
      "components/lists/list-view.css",
      "components/lists/steady-list.css",
      "components/incidents/incident-parts.css",
    ],
  },
  incident: {
    entry: "incidents",
    load: async () => (await import("./views/incidents/incident-view.js")).createIncidentView,
    styles: ["components/figures/facts.css", "components/incidents/incident-parts.css"],
  },
  projects: {
    entry: "projects",
    load: async () => (await import("./views/projects-view.js")).createProjectsView,
    styles: [
      "components/figures/facts.css",
      "components/project/project-facts.css",
      "components/figures/totals-bar.css",
      "components/lists/filter-form.css",
      "components/lists/list-view.css",
      "components/lists/steady-list.css",
      "views/projects-view.css",
    ],
  },
  project: {
    entry: "projects",
    load: async () => (await import("./views/project-view.js")).createProjectView,
    styles: [
      "components/project/burn-up-chart.css",
      "components/figures/facts.css",
      "components/project/project-facts.css",
      "components/figures/totals-bar.css",
      "views/project-view.css",
    ],
  },
  costs: {
    entry: "costs",
    load: async () => (await import("./views/costs-view.js")).createCostsView,
    styles: [
      "components/figures/figure-table.css",
      "components/costs/cost-table.css",
      "components/lists/filter-form.css",
    ],
  },
  clients: {
    entry: "clients",
    load: async () => (await import("./views/clients-view.js")).createClientsView,
    styles: [
      "components/figures/totals-bar.css",
      "components/lists/filter-form.css",
      "components/lists/list-view.css",
      "components/lists/steady-list.css",
    ],
  },
  client: {
    entry: "clients",
    load: async () => (await import("./views/client-view.js")).createClientView,
    styles: [
      "components/figures/facts.css",
      "components/figures/totals-bar.css",
      "views/client-view.css",
    ],
  },
  api: {
    entry: "api",
    isApart: true,
    load: async () => (await import("./views/api/api-view.js")).createApiView,
    styles: ["views/api/api-view.css"],
  },
});
