/** What is shown of one job: its title, and cards with what is known of it. */

import { groupCounters } from "../../lib/counters.js";
import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { exactUtc } from "../../lib/format.js";
import { outcomeOf } from "../../lib/outcomes.js";
import { clientHash, jobHash, listHash } from "../../lib/route.js";
import { safeLink, titleOf, tookText } from "../../lib/words.js";
import { createFacts } from "../figures/facts.js";
import { createCard, createLazyPart } from "../page/card.js";
import { createProgressBar, createStatusBadge } from "./job-state.js";

/** A longer title than this is set smaller, cut off, and written out among the facts. */
const LONG_TITLE = 60;

/**
 * The title of a job, its state and how long it has taken.
 *
 * @param {Tools} tools
 */
export function createJobHead({ format, now }) {
  const badge = createStatusBadge();
  const title = bdi("");
  const heading = h("h1", { id: "job-title", tabindex: -1 }, title);
  const took = h("span", { class: "job-head__took" });
  return {
    element: h("div", { class: "job-head" }, heading, badge.element, took),
    heading,

    /** @param {string} jobId */
    showWaiting(jobId) {
      setText(title, jobId);
      setAttribute(heading, "class", null);
      setText(took, "");
      setHidden(badge.element, true);
    },

    /** @param {Job} job */
    update(job) {
      setHidden(badge.element, false);
      badge.update(outcomeOf(job));
      setText(title, titleOf(job));
      setAttribute(heading, "class", titleOf(job).length > LONG_TITLE ? "is-long" : null);
      setText(took, tookText(job, now(), format));
    },
  };
}

/** @param {Element[]} cards */
const part = (...cards) => h("div", { class: "job-body__parts" }, ...cards);

/**
 * The cards of a job.
 *
 * @param {Tools & { details: Element }} parts `details` is what stands below them
 */
export function createJobBody({ format, now, details }) {
  const facts = createFacts("facts surface");
  const progress = createProgressBar(format, true);
  const errorType = bdi("", "error-type");
  const errorText = bdi("", "error-text");
  const error = createCard("error", "What went wrong", errorType, errorText);
  const restarted = createLazyPart(
    (job) => job.restarted_at !== null,
    async () => (await import("./job-extras.js")).createJobRestart({ format, now }),
  );
  const counters = createJobCounters(format);
  const models = createLazyPart(
    (job) => Object.keys(job.counters_by_model).length > 0,
    async () => (await import("./job-extras.js")).createJobModels(format),
  );
  const tags = createFacts("facts");
  const tagsCard = createCard("tags", "Tags", tags.element);
  return {
    element: h(
      "div",
      { class: "job-body__parts is-split" },
      part(restarted.element, error, createCard("progress", "Progress", progress.element)),
      part(facts.element, counters.element, models.element, tagsCard),
      details,
    ),

    /** @param {Job} job */
    update(job) {
      setText(errorType, job.error?.type ?? "");
      setText(errorText, job.error?.message ?? "");
      setHidden(error, job.error === null);
      restarted.update(job);
      progress.update(job);
      facts.update(factsOf(job, now(), format));
      counters.update(job);
      models.update(job);
      const tagFacts = Object.entries(job.tags).map(([label, text]) => ({ label, text }));
      tags.update(tagFacts);
      setHidden(tagsCard, tagFacts.length === 0);
    },
  };
}

/** @param {Job} job @param {number} now @param {Format} format @returns {Fact[]} */
function factsOf(job, now, format) {
  /** @param {string} label @param {string | null} at */
  const time = (label, at) =>
    at === null ? [] : [{ label, text: format.time(at, now), title: exactUtc(at), tabindex: 0 }];
  /** @param {string} label @param {string | null} value @param {string} [href] */
  const text = (label, value, href) =>
    value === null || value === "" ? [] : [{ label, text: value, href }];
  const logs = safeLink(job.log_url);
  const seen = job.last_seen_at;
  return [
    ...text("Client", job.client_id, clientHash(job.client_id)),
    ...text(
      "Project",
      job.project_id,
      listHash("jobs", { client_id: job.client_id, project_id: job.project_id }),
    ),
    ...text("Pipeline", job.pipeline),
    ...text("Stage", job.stage),
    ...text("Attempt", format.number(job.attempt)),
    ...text("Job id", job.name === null ? null : job.job_id),
    ...text("Name", titleOf(job).length > LONG_TITLE ? titleOf(job) : null),
    ...text("Part of", job.parent_job_id, jobHash(job.parent_job_id ?? "")),
    ...time("Created", job.created_at),
    ...time("Started", job.started_at),
    ...time("Ended", job.ended_at),
    ...(seen === null
      ? []
      : [
          {
            label: "Last event",
            text: format.ago((now - Date.parse(seen)) / 1000),
            title: exactUtc(seen),
            tabindex: 0,
          },
        ]),
    ...(logs === null
      ? text("Logs", job.log_url)
      : [{ label: "Logs", text: "Open the logs ↗", href: logs, title: logs, outside: true }]),
  ];
}

/** @param {Format} format */
function createJobCounters(format) {
  const grid = h("div", { class: "counters" });
  const element = createCard("counters", "Counters", grid);
  const groups = keyedList(grid, {
    keyOf: (/** @type {ReturnType<typeof groupCounters>[number]} */ group) => group.title,
    make(first) {
      const facts = createFacts("counters__rows");
      return {
        element: h("div", { class: "counters__group" }, h("h3", {}, first.title), facts.element),
        update: (group) =>
          facts.update(group.rows.map(({ label, text, name }) => ({ label, text, title: name }))),
      };
    },
  });
  return {
    element,

    /** @param {Job} job */
    update(job) {
      const known = groupCounters(job.counters, format);
      groups.update(known);
      setHidden(element, known.length === 0);
    },
  };
}
