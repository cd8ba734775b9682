/** The shapes that only few views need, checked as in `shapes.js`: overview, projects, error groups. */

import { FAILURES } from "./outcomes.js";
import {
  asList,
  asNumber,
  asObject,
  asText,
  asTime,
  identityOf,
  mapOf,
  readError,
  readJob,
  readTotals,
} from "./shapes.js";

/** @param {unknown} value */
export function readOverview(value) {
  const raw = asObject(value);
  return {
    as_of: asTime(raw.as_of),
    period: asText(raw.period) ?? "24h",
    since: asTime(raw.since),
    left_out: asObject(raw.left_out),
    days: asList(raw.days).map(readCounts),
    errors: readGroups(raw.errors),
    attention: about(raw.attention, "job").map(readJob),
    overdue: about(raw.attention, "project").map(readProject),
    running: asList(raw.running_jobs).map(readJob),
    incidents: readOpenIncidents(raw.incidents),
    /** null but for staff */
    notices: raw.notices ?? null,
    totals: readFigures(raw.totals),
    clients: asList(raw.clients).map((each) => ({
      client_id: identityOf(asObject(each), "client_id"),
      name: asText(asObject(each).name),
      ...readFigures(each),
    })),
  };
}

/** @param {unknown} value */
export function readProof(value) {
  const raw = asObject(value);
  return {
    proved_to: asTime(raw.proved_to),
    rows_proved_to: asTime(raw.rows_proved_to),
    judged: asNumber(raw.judged) ?? 0,
    differences: asNumber(raw.differences) ?? 0,
  };
}

/**
 * Return what needs attention and is a job, or a project; of the other kind it is null.
 *
 * @param {unknown} attention
 * @param {"job" | "project"} kind
 */
const about = (attention, kind) =>
  asList(attention)
    .map((each) => asObject(each)[kind])
    .filter((one) => one !== null && one !== undefined);

/** @param {unknown} value */
function readFigures(value) {
  const raw = asObject(value);
  /** @param {string} name */
  const count = (name) => asNumber(raw[name]) ?? 0;
  return {
    running: count("running"),
    queued: count("queued"),
    /** null when there are more than the API counts */
    stalled: asNumber(raw.stalled),
    created: count("created"),
    ended: count("ended"),
    succeeded: count("succeeded"),
    partial: count("partial"),
    cancelled: count("cancelled"),
    failed: FAILURES.reduce((sum, name) => sum + count(`${name}`), 0),
    error_rate: asNumber(raw.error_rate),
    attempts_ended: asNumber(asObject(raw.attempts).ended) ?? 0,
    records: recordsOf(raw.counters),
    counters: mapOf(raw.counters, asNumber),
    previous: {
      error_rate: asNumber(asObject(raw.previous).error_rate),
      counters: mapOf(asObject(raw.previous).counters, asNumber),
    },
    last_event_at: asTime(raw.last_event_at),
    hours: asList(raw.hours).map(readCounts),
  };
}

/** @param {unknown} value what ended in an hour or a day */
function readCounts(value) {
  const raw = asObject(value);
  const failed = FAILURES.reduce((sum, name) => sum + (asNumber(raw[name]) ?? 0), 0);
  const partial = asNumber(raw.partial) ?? 0;
  return { at: asTime(raw.at), ended: asNumber(raw.ended) ?? 0, partial, failed };
}

/** @param {unknown} value */
function readGroups(value) {
  const raw = asObject(value);
  return {
    since: asTime(raw.since),
    more: asNumber(raw.more) ?? 0,
    groups: asList(raw.groups).map(readErrorGroup),
  };
}

/**
 * How many records were processed, and how many of them failed.
 *
 * @param {unknown} value
 */
function recordsOf(value) {
  const { records_failed: failed = 0, ...others } = mapOf(value, asNumber);
  const { records_ok: ok = 0, records_skipped: skipped = 0 } = others;
  return { failed, all: ok + failed + skipped };
}

/** @param {unknown} value */
function readOpenIncidents(value) {
  const raw = asObject(value);
  return {
    telling: raw.telling === true,
    /** null when there are more than the API counts */
    open: asNumber(raw.open),
    of_staff: asNumber(raw.of_staff) ?? 0,
    newest: asList(raw.newest).map(readIncident),
  };
}

/** @param {unknown} value */
export function readIncident(value) {
  const raw = asObject(value);
  return {
    incident_id: identityOf(raw, "incident_id"),
    client_id: asText(raw.client_id) ?? "",
    project_id: asText(raw.project_id),
    tag: asText(raw.tag),
    pipeline: asText(raw.pipeline) ?? "",
    of_staff: raw.of_staff === true,
    what: asText(raw.what) ?? "",
    fingerprint: asText(raw.fingerprint),
    state: raw.state === "closed" ? "closed" : "open",
    error: readError(raw.error),
    jobs: asNumber(raw.jobs) ?? 0,
    last_job_id: asText(raw.last_job_id) ?? "",
    began_at: asTime(raw.began_at),
    opened_at: asTime(raw.opened_at),
    closed_at: asTime(raw.closed_at),
    closed_because: asText(raw.closed_because),
    acknowledged_by: asText(raw.acknowledged_by),
    muted: raw.muted === true,
    muted_until: asTime(raw.muted_until),
  };
}

/** @param {unknown} value an incident with its history */
export function readOneIncident(value) {
  const history = asList(asObject(value).history).map((each) => {
    const raw = asObject(each);
    return {
      at: asTime(raw.at),
      kind: asText(raw.kind) ?? "changed",
      because: asText(raw.because),
      jobs: asNumber(raw.jobs) ?? 0,
      by: asText(raw.by),
      text: asText(raw.text),
      until: asTime(raw.until),
      event_id: asText(raw.event_id),
    };
  });
  return { ...readIncident(value), history };
}

/** @param {unknown} value */
export function readProject(value) {
  const raw = asObject(value);
  return {
    project_id: identityOf(raw, "project_id"),
    client_id: asText(raw.client_id) ?? "",
    name: asText(raw.name),
    owner: asText(raw.owner),
    status: asText(raw.status),
    due_at: asTime(raw.due_at),
    jobs_expected: asNumber(raw.jobs_expected),
    jobs_done: asNumber(raw.jobs_done) ?? 0,
    overdue: raw.overdue === true,
    created_at: asTime(raw.created_at),
    tags: mapOf(raw.tags, asText),
    counters: mapOf(raw.counters, asNumber),
    last_seen_at: asTime(raw.last_seen_at),
    jobs: readTotals(raw.jobs),
  };
}

/** @param {unknown} value */
export function readErrorGroup(value) {
  const raw = asObject(value);
  return {
    fingerprint: identityOf(raw, "fingerprint"),
    type: asText(raw.type),
    message: asText(raw.message),
    count: asNumber(raw.count) ?? 0,
    jobs: asNumber(raw.jobs) ?? 0,
    /** whether it is told as new, which only the overview does */
    is_new: raw.is_new === true,
    first_seen_at: asTime(raw.first_seen_at),
    last_seen_at: asTime(raw.last_seen_at),
    days: asList(raw.days).map((each) => {
      const day = asObject(each);
      return { at: asTime(day.at) ?? "", jobs: asNumber(day.jobs) ?? 0 };
    }),
    clients: asTexts(raw.clients),
    job_ids: asTexts(raw.job_ids),
    job_names: mapOf(raw.job_names, asText),
  };
}

/** @param {unknown} value */
function asTexts(value) {
  return asList(value).flatMap((each) => asText(each) ?? []);
}
