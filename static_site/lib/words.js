/** What jobs and errors are called on screen. */

/** The API's fingerprint of failures without a reason. */
const NO_REASON = "none";

/** @param {Job} job */
export function titleOf(job) {
  return job.name ?? job.job_id;
}

/**
 * Return how many records a job has processed: those done, failed and skipped.
 *
 * @param {Record<string, number>} counters
 */
export function recordsProcessed(counters) {
  const { records_ok: ok = 0, records_failed: failed = 0, records_skipped: skipped = 0 } = counters;
  return ok + failed + skipped;
}

/**
 * Return how long a job or an attempt took or has taken, as in "took 3 min" or "for 12 s".
 * A superseded attempt has no end of its own: the next one began.
 *
 * @param {Pick<Job, "status" | "duration_seconds" | "started_at">} job
 * @param {number} now
 * @param {Format} format
 */
export function tookText(job, now, format) {
  if (job.status === "completed") {
    return job.duration_seconds === null ? "" : `took ${format.duration(job.duration_seconds)}`;
  }
  if (job.status === "superseded") {
    const seconds = job.duration_seconds;
    const after = seconds === null ? "" : ` after ${format.duration(seconds)}`;
    return `followed by a later attempt${after}`;
  }
  if (job.started_at === null) {
    return "not started";
  }
  const seconds = Math.max((now - Date.parse(job.started_at)) / 1000, 0);
  return `for ${format.duration(Math.floor(seconds))}`;
}

/**
 * Return an address that may become a link, or null: https, and nothing that hides where it leads.
 *
 * @param {string | null} text
 */
export function safeLink(text) {
  if (text === null) {
    return null;
  }
  try {
    const url = new URL(text);
    return url.protocol === "https:" && url.username === "" && url.password === ""
      ? url.href
      : null;
  } catch {
    return null;
  }
}

/**
 * Return the period in which the jobs of a list ended, as in "since 3 May"; "" without one.
 *
 * @param {Filters} filters
 * @param {(at: string) => string} timeText
 */
export function endedText({ ended_from: from = "", ended_to: to = "" }, timeText) {
  /** @param {string} at */
  const say = (at) => (Number.isNaN(Date.parse(at)) ? at : timeText(at));
  if (from === "") {
    return to === "" ? "" : `before ${say(to)}`;
  }
  return to === "" ? `since ${say(from)}` : `${say(from)} – ${say(to)}`;
}

/**
 * Return the name of an error: its type, if one of the jobs has it, or else its fingerprint.
 *
 * @param {string} [fingerprint]
 * @param {Pick<Job, "error">[]} [jobs]
 */
export function failureText(fingerprint = "", jobs = []) {
  const known = jobs.find(({ error }) => error !== null && error.fingerprint === fingerprint);
  return known?.error?.type ?? (fingerprint === NO_REASON ? "no reason given" : fingerprint);
}

/**
 * Return the name of an error with its last part first: "a.b.Timeout" becomes "Timeout (a.b)".
 *
 * @param {string} type
 */
export function errorName(type) {
  const [, path = "", last = type] = type.match(/^([\w.]+)\.(\w+)$/) ?? [];
  return path === "" ? type : `${last} (${path})`;
}

/**
 * Return a count with its noun: "1 job", "12 jobs".
 *
 * @param {number} count
 * @param {string} one
 * @param {string} many
 * @param {Format} format
 */
export function countOf(count, one, many, format) {
  return `${format.number(count)} ${count === 1 ? one : many}`;
}
