/** A short list of jobs, a line each. */

import { bdi, h, keyedList, setAttribute, setText } from "../../lib/dom.js";
import { exactUtc } from "../../lib/format.js";
import { outcomeOf } from "../../lib/outcomes.js";
import { jobHash } from "../../lib/route.js";
import { errorName, recordsProcessed, titleOf } from "../../lib/words.js";
import { createStatusBadge } from "./job-state.js";

/** @param {Tools} tools */
export function createJobLines({ format, now }) {
  const element = h("ul", { class: "job-lines" });
  const lines = keyedList(element, {
    keyOf: (job) => job.job_id,
    make: () => createLine({ format, now }),
  });
  /** @type {Job[]} */
  let shown = [];
  return {
    element,

    /** @param {Job[]} jobs */
    update(jobs) {
      shown = inPlace(shown, jobs);
      lines.update(shown);
    },
  };
}

/**
 * Return the jobs where they were shown before; new ones take the places of those that have gone.
 *
 * @param {Job[]} shown
 * @param {Job[]} jobs
 */
export function inPlace(shown, jobs) {
  const known = new Map(jobs.map((job) => [job.job_id, job]));
  const places = new Set(shown.map((job) => job.job_id));
  const fresh = jobs.filter((job) => !places.has(job.job_id));
  const kept = shown.map((job) => known.get(job.job_id) ?? fresh.shift());
  return [...kept, ...fresh].filter((job) => job !== undefined);
}

/** @param {Tools} tools @returns {Part<Job>} */
function createLine({ format, now }) {
  const badge = createStatusBadge();
  const title = bdi("");
  const link = h("a", { class: "job-lines__link" }, title);
  const what = bdi("", "job-lines__what");
  const when = h("span", { class: "job-lines__when grows-left", tabindex: -1 });
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

/** @param {Job} job @param {Format} format */
function whatText(job, format) {
  /** @type {(string | null)[]} */
  const parts = [job.client_id];
  if (job.status !== "completed") {
    const { records_total: total } = job;
    const done = recordsProcessed(job.counters);
    const share = total !== null && total > 0 ? `${format.percent(done, total)} done` : null;
    parts.push(job.stage, share);
  } else if (job.error !== null) {
    parts.push([errorName(job.error.type), job.error.message].filter(Boolean).join(": "));
  } else {
    parts.push(job.project_id, lostText(job, format));
  }
  return parts.filter(Boolean).join(" · ");
}

/**
 * Return how many records of a partial job failed; null where that is not known.
 *
 * @param {Job} job
 * @param {Format} format
 */
function lostText({ result, counters }, format) {
  const failed = counters.records_failed;
  return result === "partial" && failed > 0
    ? `${format.number(failed)} of ${format.number(recordsProcessed(counters))} records failed`
    : null;
}

/** @param {Job} job @param {number} now @param {Format} format */
function whenText(job, now, format) {
  /** @param {string} at */
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
