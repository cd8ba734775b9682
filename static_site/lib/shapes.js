/**
 * What the API answers, checked before anything else sees it.
 *
 * A field of the wrong kind counts as absent, so that one odd record can't hide the others; what
 * has no identity is refused.
 */

import { BadAnswer } from "./errors.js";

/** @typedef {{ type: string, message: string, fingerprint: string | null }} JobError */

/**
 * @typedef {object} Attempt
 * @property {number} attempt
 * @property {string} status
 * @property {string | null} result
 * @property {string | null} started_at
 * @property {string | null} ended_at
 * @property {number | null} duration_seconds
 * @property {JobError | null} error
 */

/**
 * @typedef {object} Job
 * @property {string} job_id
 * @property {string} client_id
 * @property {string} project_id
 * @property {string} pipeline
 * @property {string | null} name
 * @property {string | null} parent_job_id
 * @property {string} status
 * @property {string | null} result
 * @property {boolean} stalled
 * @property {number} attempt
 * @property {string | null} stage
 * @property {string} created_at
 * @property {string | null} started_at
 * @property {string | null} ended_at
 * @property {string | null} last_seen_at
 * @property {number | null} duration_seconds
 * @property {number | null} records_total
 * @property {Record<string, number>} counters
 * @property {JobError | null} error
 * @property {string | null} log_url
 * @property {Record<string, string>} tags
 * @property {Attempt[]} attempts
 */

/**
 * @typedef {object} Entry one accepted event
 * @property {string} event_id
 * @property {string} occurred_at
 * @property {string | null} received_at
 * @property {number} attempt
 * @property {string} source
 * @property {Raw} detail the event as it was sent
 */

/**
 * @template T
 * @typedef {object} Page
 * @property {T[]} items
 * @property {string | null} next_cursor
 * @property {string | null} covers_from
 * @property {string | null} order what the items are ordered by, where that differs
 */

/** @typedef {Record<string, unknown>} Raw */

/**
 * @param {unknown} value
 * @returns {Job}
 */
export function readJob(value) {
  const raw = asObject(value);
  const jobId = asText(raw.job_id);
  const createdAt = asTime(raw.created_at);
  if (jobId === null || createdAt === null) {
    throw new BadAnswer("a job in the API's answer has no id or no time");
  }
  return {
    job_id: jobId,
    client_id: asText(raw.client_id) ?? "",
    project_id: asText(raw.project_id) ?? "",
    pipeline: asText(raw.pipeline) ?? "",
    name: asText(raw.name),
    parent_job_id: asText(raw.parent_job_id),
    status: asText(raw.status) ?? "unknown",
    result: asText(raw.result),
    stalled: raw.stalled === true,
    attempt: asNumber(raw.attempt) ?? 1,
    stage: asText(raw.stage),
    created_at: createdAt,
    started_at: asTime(raw.started_at),
    ended_at: asTime(raw.ended_at),
    last_seen_at: asTime(raw.last_seen_at),
    duration_seconds: asNumber(raw.duration_seconds),
    records_total: asNumber(raw.records_total),
    counters: mapOf(raw.counters, asNumber),
    error: readError(raw.error),
    log_url: asText(raw.log_url),
    tags: mapOf(raw.tags, asText),
    attempts: asList(raw.attempts).map(readAttempt),
  };
}

/**
 * @param {unknown} value
 * @returns {Entry}
 */
export function readEntry(value) {
  const raw = asObject(value);
  const eventId = asText(raw.event_id);
  const occurredAt = asTime(raw.occurred_at);
  if (eventId === null || occurredAt === null) {
    throw new BadAnswer("an entry in the API's answer has no id or no time");
  }
  return {
    event_id: eventId,
    occurred_at: occurredAt,
    received_at: asTime(raw.received_at),
    attempt: asNumber(raw.attempt) ?? 1,
    source: asText(raw.source) ?? "",
    detail: asObject(raw.detail),
  };
}

/**
 * @template T
 * @param {unknown} value
 * @param {(item: unknown) => T} readItem
 * @returns {Page<T>}
 */
export function readPage(value, readItem) {
  const raw = asObject(value);
  if (!Array.isArray(raw.items)) {
    throw new BadAnswer("the API's answer is not a list");
  }
  return {
    items: raw.items.map(readItem),
    next_cursor: asText(raw.next_cursor),
    covers_from: asTime(asObject(raw.covers).from),
    order: asText(raw.order),
  };
}

/** @param {unknown} value */
export function asText(value) {
  return typeof value === "string" && value !== "" ? value : null;
}

/** @param {unknown} value */
export function asNumber(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/**
 * @param {unknown} value
 * @returns {Raw}
 */
export function asObject(value) {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? /** @type {Raw} */ (value) : {};
}

/**
 * @template T
 * @param {unknown} value
 * @param {(item: unknown) => T | null} readItem
 * @returns {Record<string, T>}
 */
export function mapOf(value, readItem) {
  /** @type {[string, T][]} */
  const pairs = [];
  for (const [name, item] of Object.entries(asObject(value))) {
    const known = readItem(item);
    if (known !== null) {
      pairs.push([name, known]);
    }
  }
  return Object.fromEntries(pairs);
}

/** @param {unknown} value */
function asTime(value) {
  const text = asText(value);
  return text === null || Number.isNaN(Date.parse(text)) ? null : text;
}

/** @param {unknown} value */
function asList(value) {
  return Array.isArray(value) ? value : [];
}

/**
 * @param {unknown} value
 * @returns {JobError | null}
 */
export function readError(value) {
  const raw = asObject(value);
  const type = asText(raw.type);
  const message = asText(raw.message);
  if (type === null && message === null) {
    return null;
  }
  return {
    type: type ?? "Error",
    message: message ?? "",
    fingerprint: asText(raw.fingerprint),
  };
}

/**
 * @param {unknown} value
 * @returns {Attempt}
 */
function readAttempt(value) {
  const raw = asObject(value);
  return {
    attempt: asNumber(raw.attempt) ?? 1,
    status: asText(raw.status) ?? "unknown",
    result: asText(raw.result),
    started_at: asTime(raw.started_at),
    ended_at: asTime(raw.ended_at),
    duration_seconds: asNumber(raw.duration_seconds),
    error: readError(raw.error),
  };
}
