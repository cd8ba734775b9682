/**
 * The shapes of the API's answers, checked before anything else sees them.
 *
 * A field of the wrong kind counts as absent, so that one odd record can't hide the others; what
 * has no identity is refused with `BadAnswer`. The types derive from the checks: what a reader
 * returns is what everybody may use.
 */

import { RESULTS } from "./outcomes.js";
import { BadAnswer } from "./problems.js";

/** @param {unknown} value */
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
    counters_by_model: mapOf(raw.counters_by_model, (item) => mapOf(item, asNumber)),
    error: readError(raw.error),
    log_url: asText(raw.log_url),
    tags: mapOf(raw.tags, asText),
    attempts: asList(raw.attempts).map(readAttempt),
    restarted_at: asTime(raw.restarted_at),
  };
}

/** @param {unknown} value */
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
    telling: raw.telling !== false,
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

/** @param {unknown} value @returns {Record<string, unknown>} */
export function asObject(value) {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? { ...value } : {};
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
export function asTime(value) {
  const text = asText(value);
  return text === null || Number.isNaN(Date.parse(text)) ? null : text;
}

/** @param {unknown} value @returns {unknown[]} */
export function asList(value) {
  return Array.isArray(value) ? value : [];
}

/** @param {unknown} value */
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

/** @param {unknown} value */
function readAttempt(value) {
  const raw = asObject(value);
  return {
    attempt: asNumber(raw.attempt) ?? 1,
    status: asText(raw.status) ?? "unknown",
    result: asText(raw.result),
    started_at: asTime(raw.started_at),
    ended_at: asTime(raw.ended_at),
    first_ended_at: asTime(raw.first_ended_at),
    duration_seconds: asNumber(raw.duration_seconds),
    error: readError(raw.error),
  };
}

/**
 * How many jobs there are, by what they are now.
 *
 * @param {unknown} value
 * @returns {Record<string, number>}
 */
export function readTotals(value) {
  const raw = asObject(value);
  return Object.fromEntries(
    ["total", "queued", "running", ...RESULTS].map((name) => [name, asNumber(raw[name]) ?? 0]),
  );
}

/** @param {Record<string, unknown>} raw @param {string} name */
export function identityOf(raw, name) {
  const id = asText(raw[name]);
  if (id === null) {
    throw new BadAnswer(`the API's answer lacks a ${name}`);
  }
  return id;
}

/** @param {unknown} value */
export function readClient(value) {
  const raw = asObject(value);
  return {
    client_id: identityOf(raw, "client_id"),
    name: asText(raw.name),
    description: asText(raw.description),
    contact: asText(raw.contact),
    tags: mapOf(raw.tags, asText),
    jobs: readTotals(raw.jobs),
    declared: raw.declared === true,
  };
}

/** @param {unknown} value */
export function readConfiguration(value) {
  const raw = asObject(value);
  return {
    parameters: asList(raw.parameters).map((each) => {
      const parameter = asObject(each);
      return {
        name: identityOf(parameter, "name"),
        value: typeof parameter.value === "string" ? parameter.value : "",
        description: asText(parameter.description),
        updated_at: asTime(parameter.updated_at),
      };
    }),
    secrets_omitted: asNumber(raw.secrets_omitted) ?? 0,
  };
}
