/** All that is shown of one job, from its name to its history. */

import { bdi, bone, h, keyedList, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { exactUtc } from "../../lib/format.js";
import { tookText } from "../../lib/job-texts.js";
import { clientHash, jobHash, listHash } from "../../lib/route.js";
import { groupCounters, outcomeOf, safeLink, titleOf } from "../../lib/words.js";
import { createFacts } from "../figures/facts.js";
import { createCard } from "../page/card.js";
import { createJobAttempts } from "./job-attempts.js";
import { createProgressBar } from "./progress-bar.js";
import { createStatusBadge } from "./status-badge.js";

const part = (...cards) => h("div", { class: "job-body__parts" }, ...cards);

/** A longer title than this is set smaller, cut off, and written out among the facts. */
const LONG_TITLE = 60;

export function createJobBody({ format, now, history, children }) {
  const badge = createStatusBadge();
  const title = bdi("");
  const heading = h("h1", { id: "job-title", tabindex: -1 }, title);
  const took = h("span", { class: "job-head__took" });
  const facts = createFacts("facts surface");
  const progress = createProgressBar(format, true);
  const errorType = bdi("", "error-type");
  const errorText = bdi("", "error-text");
  const error = createCard("error", "What went wrong", errorType, errorText);
  const counters = createJobCounters(format);
  const attempts = createJobAttempts({ format, now });
  const tags = createFacts("facts");
  const tagsCard = createCard("tags", "Tags", tags.element);
  const parts = h(
    "div",
    { class: "job-body__parts is-split" },
    part(error, createCard("progress", "Progress", progress.element)),
    part(facts.element, counters.element, tagsCard),
    part(attempts.element, children, history),
  );
  const skeleton = h(
    "div",
    { class: "job-body__parts", "aria-hidden": "true" },
    ...[1, 2, 3].map(() =>
      h("div", { class: "card surface" }, bone("short"), bone("long"), bone("middle")),
    ),
  );
  const element = h(
    "div",
    { class: "job-body" },
    h("div", { class: "job-head" }, heading, badge.element, took),
    skeleton,
    parts,
  );

  return {
    element,

    showWaiting(jobId) {
      setText(title, jobId);
      setText(took, "");
      setHidden(badge.element, true);
      setHidden(parts, true);
      setHidden(skeleton, false);
      setAttribute(element, "aria-busy", "true");
    },

    update(job) {
      element.removeAttribute("aria-busy");
      setHidden(badge.element, false);
      setHidden(parts, false);
      setHidden(skeleton, true);
      badge.update(outcomeOf(job));
      setText(title, titleOf(job));
      setAttribute(heading, "class", titleOf(job).length > LONG_TITLE ? "is-long" : null);
      setText(took, tookText(job, now(), format));
      setText(errorType, job.error?.type ?? "");
      setText(errorText, job.error?.message ?? "");
      setHidden(error, job.error === null);
      progress.update(job);
      facts.update(factsOf(job, now(), format));
      counters.update(job);
      attempts.update(job);
      const tagFacts = Object.entries(job.tags).map(([label, text]) => ({ label, text }));
      tags.update(tagFacts);
      setHidden(tagsCard, tagFacts.length === 0);
    },
  };
}

function factsOf(job, now, format) {
  const time = (label, at) =>
    at === null ? [] : [{ label, text: format.time(at, now), title: exactUtc(at), tabindex: 0 }];
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

export function createJobCounters(format) {
  const grid = h("div", { class: "counters" });
  const element = createCard("counters", "Counters", grid);
  const groups = keyedList(grid, {
    keyOf: (group) => group.title,
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

    update(job) {
      const known = groupCounters(job.counters, format);
      groups.update(known);
      setHidden(element, known.length === 0);
    },
  };
}
