/** The shapes of projects and of error groups, which only their own views need. */

import {
  asList,
  asNumber,
  asObject,
  asText,
  asTime,
  identityOf,
  mapOf,
  readTotals,
} from "../lib/shapes.js";

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
