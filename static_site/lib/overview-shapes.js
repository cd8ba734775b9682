/** The shape of the overview's answer, checked as in `shapes.js`. */

import { FAILURES } from "./outcomes.js";
import {
  asList,
  asNumber,
  asObject,
  asText,
  asTime,
  identityOf,
  mapOf,
  readJob,
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
    attention: asList(raw.attention).map((each) => readJob(asObject(each).job)),
    running: asList(raw.running_jobs).map(readJob),
    totals: readFigures(raw.totals),
    clients: asList(raw.clients).map((each) => ({
      client_id: identityOf(asObject(each), "client_id"),
      name: asText(asObject(each).name),
      ...readFigures(each),
    })),
  };
}

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
    groups: asList(raw.groups).map((each) => {
      const group = asObject(each);
      return {
        fingerprint: identityOf(group, "fingerprint"),
        type: asText(group.type),
        message: asText(group.message),
        jobs: asNumber(group.jobs) ?? 0,
        is_new: group.is_new === true,
      };
    }),
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
