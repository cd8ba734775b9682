/** The small parts that many views are made of, and the list of jobs. */

import { bdi, bone, drawing, h, keyedList, setAttribute, setHidden, setText } from "../lib/dom.js";
import { exactUtc } from "../lib/format.js";
import { jobHash } from "../lib/route.js";
import { OUTCOME_LABELS, outcomeOf, recordsThrough, titleOf } from "../lib/words.js";

const CIRCLE = "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z";

const SHAPES = Object.freeze({
  queued: [CIRCLE],
  running: ["M8 2a6 6 0 1 1-6 6"],
  stalled: [CIRCLE, "M6.4 5.8v4.4M9.6 5.8v4.4"],
  succeeded: [CIRCLE, "m5.4 8.2 1.9 1.9 3.4-3.9"],
  partial: [CIRCLE, "M8 2v12M8 5h5M8 8h6M8 11h5"],
  failed: [CIRCLE, "m5.9 5.9 4.2 4.2M10.1 5.9l-4.2 4.2"],
  cancelled: [CIRCLE, "m3.9 12.1 8.2-8.2"],
  timed_out: [CIRCLE, "M8 4.8V8l2.2 1.6"],
  unknown: [CIRCLE, "M6.4 6.4a1.6 1.6 0 1 1 2.4 1.4c-.6.4-.8.6-.8 1.2M8 11.2v.1"],
});

/** A state as a word with a shape of its own and, only on top of that, a colour. */
export function createStatusBadge() {
  const text = h("span");
  const element = h("span", { class: "status-badge" }, text);
  let shown = null;
  return {
    element,

    update(outcome) {
      if (outcome === shown) {
        return;
      }
      shown = outcome;
      setAttribute(element, "data-outcome", outcome);
      element.querySelector("svg")?.remove();
      element.prepend(drawing("status-badge__shape", SHAPES[outcome]));
      setText(text, OUTCOME_LABELS[outcome]);
    },
  };
}

/** A point in time: in the reader's zone, with the exact UTC on hover, and on focus. */
export function createTimeText(format, tabindex = 0) {
  const element = h("time", { tabindex });
  let shown = null;
  return {
    element,

    update(at, now) {
      if (at !== shown) {
        shown = at;
        setAttribute(element, "datetime", at);
        setAttribute(element, "title", at === null ? null : exactUtc(at));
      }
      setText(element, at === null ? "–" : format.time(at, now));
    },
  };
}

export function createCard(name, title, ...children) {
  const id = `${name}-title`;
  return h(
    "section",
    { class: `card card--${name}`, "aria-labelledby": id },
    h("h2", { id }, title),
    ...children,
  );
}

export function createProgressBar(format, isLong = false) {
  const bar = h("progress", { max: 1, "aria-label": "Records through" });
  const count = h("span", { class: "progress-bar__count" });
  const share = h("span", { class: "progress-bar__share" });
  const failed = h("span", { class: "progress-bar__failed" });
  const element = h(
    "div",
    { class: "progress-bar" },
    h("span", { class: "progress-bar__text" }, count, share),
    bar,
    failed,
  );
  return {
    element,

    update(job) {
      const done = Math.max(recordsThrough(job.counters), 0);
      const total = job.records_total;
      const isShare = total !== null && total > 0;
      setAttribute(element, "data-outcome", outcomeOf(job));
      setHidden(bar, !isShare);
      if (isShare) {
        setAttribute(bar, "value", Math.min(done / total, 1));
        setText(count, `${format.compact(done)} of ${format.compact(total)}${isLong ? " records" : ""}`);
        setText(share, format.percent(done, total));
      } else {
        setText(count, done === 0 ? "–" : `${format.compact(done)} records`);
        setText(share, "");
      }
      const lost = job.counters.records_failed ?? 0;
      setText(failed, lost > 0 ? `${format.compact(lost)} failed` : "");
    },
  };
}

const PICTURES = Object.freeze({
  empty: ["M2.5 4.5h11M2.5 8h11M2.5 11.5h6"],
  search: ["M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z", "m10.4 10.4 3.1 3.1"],
  lost: ["M2.5 6.2a8.5 8.5 0 0 1 11 0M4.8 8.8a5 5 0 0 1 6.4 0M8 12v.1", "m2.5 13.5 11-11"],
  door: ["M6.5 2.5h6v11h-6", "M2.5 8h6.5M6.8 5.6 9.2 8l-2.4 2.4"],
  lock: ["M3.5 7.5h9v6h-9z", "M5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2"],
});

export function createStatePanel({ shape, title, text, actions = [], heading = "h2" }) {
  return h(
    "div",
    { class: "state-panel" },
    h("div", { class: "state-panel__picture" }, drawing("state-panel__shape", PICTURES[shape])),
    h(heading, { tabindex: -1 }, title),
    ...text.map((paragraph) => h("p", {}, paragraph)),
    actions.length === 0
      ? null
      : h("div", { class: "state-panel__actions" }, ...actions.map(actionElement)),
  );
}

function actionElement({ label, run, href, quiet = false }) {
  const className = quiet ? "button button--quiet" : "button";
  return href === undefined
    ? h("button", { class: className, type: "button", onclick: () => run?.() }, label)
    : h("a", { class: className, href }, label);
}

export function createJobLines({ format, now }) {
  const element = h("ul", { class: "job-lines" });
  const lines = keyedList(element, {
    keyOf: (job) => job.job_id,
    make: () => createLine({ format, now }),
  });
  let shown = [];
  return {
    element,

    update(jobs) {
      shown = inPlace(shown, jobs);
      lines.update(shown);
    },
  };
}

/** Jobs where they were shown before; what is new takes the place of what has gone. */
export function inPlace(shown, jobs) {
  const known = new Map(jobs.map((job) => [job.job_id, job]));
  const places = new Set(shown.map((job) => job.job_id));
  const fresh = jobs.filter((job) => !places.has(job.job_id));
  const kept = shown.map((job) => known.get(job.job_id) ?? fresh.shift());
  return [...kept, ...fresh].filter((job) => job !== undefined);
}

function createLine({ format, now }) {
  const badge = createStatusBadge();
  const title = bdi("");
  const link = h("a", { class: "job-lines__link" }, title);
  const what = bdi("", "job-lines__what");
  const when = h("span", { class: "job-lines__when" });
  const element = h("li", {}, badge.element, h("div", {}, link, what), when);
  return {
    element,

    update(job) {
      badge.update(outcomeOf(job));
      setAttribute(link, "href", jobHash(job.job_id));
      setText(title, titleOf(job));
      setText(what, whatText(job, format));
      const at = job.ended_at ?? job.last_seen_at;
      setAttribute(when, "title", at && exactUtc(at));
      setText(when, whenText(job, now(), format));
    },
  };
}

function whatText(job, format) {
  const parts = [job.client_id];
  if (job.status !== "completed") {
    const { records_total: total } = job;
    const done = recordsThrough(job.counters);
    parts.push(job.stage, total > 0 ? `${format.percent(done, total)} done` : null);
  } else if (job.error !== null) {
    parts.push([job.error.type, job.error.message].filter(Boolean).join(": "));
  } else {
    parts.push(job.project_id);
  }
  return parts.filter(Boolean).join(" · ");
}

function whenText(job, now, format) {
  const since = (at) => (now - Date.parse(at)) / 1000;
  if (job.status === "completed") {
    return job.ended_at === null ? "" : format.ago(since(job.ended_at));
  }
  if (job.stalled) {
    return job.last_seen_at === null ? "" : `silent for ${format.duration(since(job.last_seen_at))}`;
  }
  return job.started_at === null
    ? "not started"
    : `for ${format.duration(Math.max(Math.floor(since(job.started_at)), 0))}`;
}

const COLUMNS = ["Status", "Job", "Client", "Progress", "Created"];
const SKELETON_ROWS = 8;

export function createJobTable({ format, now }) {
  const body = h("tbody", { role: "rowgroup" });
  const element = tableOf(body);
  let shown = [];
  const rows = keyedList(body, {
    keyOf: (job) => job.job_id,
    make: () => createRow({ format, now, isNew: shown.length > 0 }),
  });

  return {
    element,

    update(jobs) {
      rows.update(jobs);
      shown = jobs;
    },

    /** Let what depends on the time alone go on: durations of jobs that run. */
    tick() {
      if (shown.some((job) => job.status === "running")) {
        rows.update(shown);
      }
    },
  };
}

/** The table while jobs are on their way, in the room that they will take. */
export function createTableSkeleton() {
  return tableOf(h("tbody", {}, ...Array.from({ length: SKELETON_ROWS }, skeletonRow)));
}

function tableOf(body) {
  return h(
    "table",
    { class: "job-table", role: "table" },
    h("caption", { class: "unseen" }, "Jobs, newest first"),
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

function createRow({ format, now, isNew }) {
  const badge = createStatusBadge();
  const progress = createProgressBar(format);
  const created = createTimeText(format, -1);
  const title = bdi("");
  const link = h("a", { class: "job-table__link" }, title);
  const what = bdi("", "job-table__minor");
  const client = bdi("", "job-table__text");
  const project = bdi("", "job-table__minor");
  const took = h("span", { class: "job-table__minor" });
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
      setText(took, tookText(job, now(), format));
    },
  };
}

function subtitle(job, format) {
  const isGoingOn = job.status !== "completed";
  const parts = [job.pipeline, isGoingOn ? job.stage : null, job.name === null ? null : job.job_id];
  const attempt = job.attempt > 1 ? `attempt ${format.number(job.attempt)}` : null;
  return [attempt, ...parts].filter((part) => part !== null && part !== "").join(" · ");
}

export function tookText(job, now, format) {
  if (job.status === "completed") {
    return job.duration_seconds === null ? "" : `took ${format.duration(job.duration_seconds)}`;
  }
  if (job.started_at === null) {
    return "not started";
  }
  const seconds = Math.max((now - Date.parse(job.started_at)) / 1000, 0);
  return `for ${format.duration(Math.floor(seconds))}`;
}

function skeletonRow() {
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
