/**
 * What the API answers, checked before anything else sees it.
 *
 * A field of the wrong kind counts as absent, so that one odd record can't hide the others; what
 * has no identity is refused.
 */

import { BadAnswer } from "./problems.js";

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

export function asText(value) {
  return typeof value === "string" && value !== "" ? value : null;
}

export function asNumber(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function asObject(value) {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value : {};
}

export function mapOf(value, readItem) {
  const pairs = [];
  for (const [name, item] of Object.entries(asObject(value))) {
    const known = readItem(item);
    if (known !== null) {
      pairs.push([name, known]);
    }
  }
  return Object.fromEntries(pairs);
}

function asTime(value) {
  const text = asText(value);
  return text === null || Number.isNaN(Date.parse(text)) ? null : text;
}

function asList(value) {
  return Array.isArray(value) ? value : [];
}

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

const TOTALS = ["queued", "running", "succeeded", "partial", "failed", "cancelled", "timed_out"];

/** How many jobs there are, by what they are now. */
function readTotals(value) {
  const raw = asObject(value);
  const totals = Object.fromEntries(TOTALS.map((name) => [name, asNumber(raw[name]) ?? 0]));
  return { ...totals, total: asNumber(raw.total) ?? 0 };
}

function identityOf(raw, name) {
  const id = asText(raw[name]);
  if (id === null) {
    throw new BadAnswer(`the API's answer lacks a ${name}`);
  }
  return id;
}

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
    tags: mapOf(raw.tags, asText),
    counters: mapOf(raw.counters, asNumber),
    last_seen_at: asTime(raw.last_seen_at),
    jobs: readTotals(raw.jobs),
  };
}

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

export function readErrorGroup(value) {
  const raw = asObject(value);
  return {
    fingerprint: identityOf(raw, "fingerprint"),
    type: asText(raw.type),
    message: asText(raw.message),
    count: asNumber(raw.count) ?? 0,
    first_seen_at: asTime(raw.first_seen_at),
    last_seen_at: asTime(raw.last_seen_at),
    clients: asList(raw.clients).filter((each) => asText(each) !== null),
    job_ids: asList(raw.job_ids).filter((each) => asText(each) !== null),
  };
}

export function readOverview(value) {
  const raw = asObject(value);
  return {
    as_of: asTime(raw.as_of),
    since: asTime(raw.since),
    totals: readFigures(raw.totals),
    clients: asList(raw.clients).map((each) => ({
      client_id: identityOf(asObject(each), "client_id"),
      name: asText(asObject(each).name),
      ...readFigures(each),
    })),
  };
}

function readFigures(value) {
  const raw = asObject(value);
  const count = (name) => asNumber(raw[name]) ?? 0;
  return {
    running: count("running"),
    queued: count("queued"),
    stalled: asNumber(raw.stalled),
    created: count("created_24h"),
    ended: count("ended_24h"),
    succeeded: count("succeeded_24h"),
    failed: count("failed_24h") + count("timed_out_24h"),
    error_rate: asNumber(raw.error_rate_24h),
    last_event_at: asTime(raw.last_event_at),
    hours: asList(raw.hours).map((each) => {
      const hour = asObject(each);
      const failed = (asNumber(hour.failed) ?? 0) + (asNumber(hour.timed_out) ?? 0);
      return { at: asTime(hour.at), ended: asNumber(hour.ended) ?? 0, failed };
    }),
  };
}
