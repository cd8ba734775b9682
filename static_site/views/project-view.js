/** The view of one project: how far it is, at which pace, and what is known of it. */

import { createFacts } from "../components/figures/facts.js";
import { createTotalsBar } from "../components/figures/totals-bar.js";
import { createCard, createSkeleton } from "../components/page/card.js";
import { createLiveView } from "../components/page/live-view.js";
import { createBurnUpChart } from "../components/project/burn-up-chart.js";
import { burnUp, readDays } from "../components/project/burn-up.js";
import { createProjectHead, factsOf } from "../components/project/project-facts.js";
import { createResource } from "../feeds/resource.js";
import { bdi, h, setAttribute, setHidden, setText } from "../lib/dom.js";
import { BadQuery } from "../lib/problems.js";
import { clientHash, listHash } from "../lib/route.js";
import { readProject } from "../lib/view-shapes.js";
import { countOf } from "../lib/words.js";

const DAY = 86_400_000;
const MOST_DAYS = 90;
/** Days are many rows to add up, and change less than anybody can see. */
const DAYS_MILLISECONDS = 60_000;

/** @param {Context} context */
export function createProjectView(context) {
  const { api, format, clock } = context;
  const head = createProjectHead();
  const progress = h("p", { class: "project__progress" });
  const chart = createBurnUpChart(format);
  const noChart = h("p", { class: "quiet" }, "The days of this project are too many to add up.");
  const facts = createFacts("facts surface");
  const client = bdi("");
  const clientLink = h("a", {}, client);
  let id = { client_id: "", project_id: "" };
  const bar = createTotalsBar(format, (filters) => listHash("jobs", { ...filters, ...id }));
  const ways = h("a", { class: "button button--quiet" }, "Show jobs");
  let project = createResource(api, "", readProject);
  let days = createResource(api, "", readDays);
  /** How many jobs were done when the days were asked for, and when that was. */
  let counted = { done: -1, at: 0 };
  let isRefused = false;

  /** @param {AbortSignal} signal */
  async function ask(signal) {
    const now = clock.now();
    const isOld =
      project.data()?.jobs_done !== counted.done && now - counted.at > DAYS_MILLISECONDS;
    await Promise.all([
      project.ask(signal, { client_id: id.client_id }),
      isOld ? askDays(now, signal) : null,
    ]);
    const known = project.data();
    if (isOld && known !== null) {
      counted = { done: known.jobs_done, at: now };
    }
    return (known?.jobs.running ?? 0) > 0;
  }

  /** @param {number} now @param {AbortSignal} signal */
  async function askDays(now, signal) {
    try {
      await days.ask(signal, {
        ...id,
        interval: "day",
        from: new Date(now - (MOST_DAYS - 1) * DAY).toISOString(),
        tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
      });
      isRefused = false;
    } catch (error) {
      if (!(error instanceof BadQuery)) {
        throw error;
      }
      isRefused = true;
    }
  }

  const view = createLiveView(context, {
    name: "project",
    title: "Project",
    lead: h("a", { class: "back-link", href: "#/projects" }, "← All projects"),
    body: h(
      "div",
      { class: "project__parts" },
      h("p", { class: "project__about" }, head.element, h("span", { class: "quiet" }, "of ", clientLink), ways),
      createCard("progress", "Progress", progress, chart.element, noChart),
      createCard("totals", "Jobs", bar.element),
      facts.element,
    ),
    skeleton: createSkeleton(3, "skeleton-stack"),
    backHash: "#/projects",
    backLabel: "All projects",
    reset({ id: projectId = "", filters: chosen = {} }) {
      id = { client_id: chosen.client_id ?? "", project_id: projectId };
      project = createResource(api, `/projects/${encodeURIComponent(projectId)}`, readProject);
      days = createResource(api, "/trends", readDays);
      counted = { done: -1, at: 0 };
      setText(view.heading, projectId);
    },
    ask,
    data: () => (counted.done < 0 ? null : project.data()),
    render(known) {
      const now = clock.now();
      id = { client_id: known.client_id, project_id: known.project_id };
      setText(view.heading, known.name ?? known.project_id);
      head.update(known);
      setText(client, known.client_id);
      setAttribute(clientLink, "href", clientHash(known.client_id));
      setAttribute(ways, "href", listHash("jobs", id));
      const line = days.data();
      setHidden(chart.element, isRefused || line === null);
      setHidden(noChart, !isRefused);
      const grown = line === null ? null : burnUp({ ...known, jobs_done: counted.done }, line, counted.at, midnight(counted.at));
      if (grown !== null) {
        chart.update({ ...known, jobs_done: counted.done }, grown, counted.at);
      }
      setText(progress, progressText(known, grown, format));
      bar.update(known.jobs, known.jobs_expected ?? 0);
      facts.update([
        { label: "Project id", text: known.project_id },
        ...factsOf(known, now, format),
      ]);
    },
  });
  return view;
}

/** @param {number} now @returns {number} when today began, by the reader's clock */
function midnight(now) {
  return new Date(now).setHours(0, 0, 0, 0);
}

/**
 * Return the sentences about a project's pace; how far it is and when it is due stands in its facts.
 *
 * @param {Project} project
 * @param {BurnUp | null} burn
 * @param {Format} format
 */
export function progressText(project, burn, format) {
  const { jobs_done: done, jobs_expected: expected, due_at: due } = project;
  const far =
    expected === null
      ? `${countOf(done, "job is", "jobs are", format)} done.`
      : `${format.number(done)} of ${countOf(expected, "expected job is", "expected jobs are", format)} done.`;
  if (burn === null || (expected !== null && done >= expected)) {
    return far;
  }
  const pace = `In the last 7 days, ${format.pace(burn.pace)} jobs a day were done.`;
  if (expected === null) {
    return `${far} ${pace}`;
  }
  if (burn.endAt === null) {
    return `${far} No job was done in the last 7 days, so no end can be told.`;
  }
  const end = new Date(burn.endAt).toISOString();
  const late = due === null ? 0 : Math.ceil((burn.endAt - Date.parse(due)) / DAY);
  const against =
    due === null ? "" : late > 0 ? `, ${countOf(late, "day", "days", format)} after the due date` : ", in time";
  return `${far} ${pace} At this pace, all are done on ${format.day(end)}${against}.`;
}
