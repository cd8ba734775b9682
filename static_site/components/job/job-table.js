/** The table of jobs. */

import { bdi, bone, h, keyedList, setAttribute, setText } from "../../lib/dom.js";
import { outcomeOf } from "../../lib/outcomes.js";
import { jobHash } from "../../lib/route.js";
import { titleOf, tookText } from "../../lib/words.js";
import { createTimeText } from "../figures/time-text.js";
import { createProgressBar, createStatusBadge } from "./job-state.js";

const COLUMNS = ["Outcome", "Job", "Client", "Progress", "Created"];

const SKELETON_ROWS = 8;

/** @param {Tools} tools */
export function createJobTable({ format, now }) {
  const body = h("tbody", { role: "rowgroup" });
  const element = tableOf(body);
  /** @type {Job[]} */
  let shown = [];
  /** @type {(job: Job) => string} */
  let noteOf = () => "";
  const rows = keyedList(body, {
    keyOf: (job) => job.job_id,
    make: () =>
      createRow({ format, now, isNew: shown.length > 0, noteOf: (job) => noteOf(job) }),
  });

  return {
    element,

    /** @param {typeof noteOf} next what more to say of each job; "" for nothing */
    tell(next) {
      noteOf = next;
    },

    /** @param {Job[]} jobs */
    update(jobs) {
      rows.update(jobs);
      shown = jobs;
    },

    /** Bring the durations of running jobs up to date: they change without an event. */
    tick() {
      if (shown.some((job) => job.status === "running")) {
        rows.update(shown);
      }
    },
  };
}

/** The table while jobs are loading, in the room that they will take. */
export function createTableSkeleton() {
  return tableOf(h("tbody", {}, ...Array.from({ length: SKELETON_ROWS }, skeletonRow)));
}

/** @param {HTMLElement} body */
function tableOf(body) {
  return h(
    "table",
    { class: "job-table surface", role: "table" },
    h("caption", { class: "unseen" }, "Jobs"),
    h(
      "thead",
      { role: "rowgroup" },
      h(
        "tr",
        { role: "row" },
        ...COLUMNS.map((name) => h("th", { role: "columnheader", scope: "col" }, name)),
      ),
    ),
    body,
  );
}

/**
 * @param {Tools & { isNew: boolean, noteOf: (job: Job) => string }} tools
 * @returns {Part<Job>}
 */
function createRow({ format, now, isNew, noteOf }) {
  const badge = createStatusBadge();
  const progress = createProgressBar(format);
  const created = createTimeText(format, -1);
  const title = bdi("");
  const link = h("a", { class: "job-table__link" }, title);
  const what = bdi("", "job-table__minor");
  const client = bdi("", "job-table__text");
  const project = bdi("", "job-table__minor");
  const took = h("span", { class: "job-table__minor" });
  /** @param {string} name @param {HTMLElement[]} children */
  const cell = (name, ...children) =>
    h("td", { class: `job-table__${name}`, role: "cell" }, ...children);
  const element = h(
    "tr",
    { role: "row", class: isNew ? "is-new" : null },
    cell("status", badge.element),
    h("th", { class: "job-table__job", role: "rowheader", scope: "row" }, link, what),
    cell("client", client, project),
    cell("progress", progress.element),
    cell("created", created.element, took),
  );
  let shown = "";
  return {
    element,

    update(job) {
      const wanted = JSON.stringify(job);
      if (wanted !== shown) {
        shown = wanted;
        setAttribute(element, "data-job-id", job.job_id);
        badge.update(outcomeOf(job));
        setAttribute(link, "href", jobHash(job.job_id));
        setText(title, titleOf(job));
        setText(what, subtitle(job, format));
        setText(client, job.client_id);
        setText(project, job.project_id);
        progress.update(job);
      }
      created.update(job.created_at, now());
      setText(took, [noteOf(job), tookText(job, now(), format)].filter(Boolean).join(" · "));
    },
  };
}

/** @param {Job} job @param {Format} format */
function subtitle(job, format) {
  const isGoingOn = job.status !== "completed";
  const parts = [job.pipeline, isGoingOn ? job.stage : null, job.name === null ? null : job.job_id];
  const attempt = job.attempt > 1 ? `attempt ${format.number(job.attempt)}` : null;
  return [attempt, ...parts].filter((part) => part !== null && part !== "").join(" · ");
}

function skeletonRow() {
  /** @param {string} name @param {HTMLElement[]} children */
  const cell = (name, ...children) => h("td", { class: `job-table__${name}` }, ...children);
  return h(
    "tr",
    { class: "is-skeleton" },
    cell("status", bone("badge")),
    cell("job", bone("long"), bone("middle")),
    cell("client", bone("middle"), bone("short")),
    cell("progress", bone("long")),
    cell("created", bone("short"), bone("middle")),
  );
}
