/**
 * A job and time: what took how long of its attempts, stages and parts, how fast it is, and what
 * was set when it began.
 *
 * Instants are milliseconds since 1970. Whoever calls says what time it is.
 */

import { outcomeOf } from "../../lib/outcomes.js";
import { asNumber, asText, mapOf } from "../../lib/shapes.js";
import { recordsProcessed } from "../../lib/words.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28, 91, 364].map((count) => count * DAY),
];
const MOST_TICKS = 5;

/**
 * Return the attempts of a job, the newest first; a job that knows of none is one itself.
 *
 * @param {Job} job
 * @returns {Attempt[]}
 */
export function attemptsOf(job) {
  const known = job.attempts.length > 0 ? job.attempts : [{ ...job, first_ended_at: null }];
  return [...known].sort((a, b) => b.attempt - a.attempt);
}

/**
 * Return how an attempt stands: of a stalled job the present one is stalled.
 *
 * @param {Attempt} attempt
 * @param {Job} job
 */
export function outcomeOfAttempt(attempt, job) {
  return outcomeOf({ ...attempt, stalled: job.stalled && attempt.attempt === job.attempt });
}

/**
 * Return the time from a start to an end, which never lies after now; null where nothing started. What
 * runs goes on until now, what was superseded at an unknown time takes no time.
 *
 * @param {Pick<Attempt, "status" | "started_at" | "ended_at">} one
 * @param {number} now
 */
export function spanOf({ status, started_at: start, ended_at: end }, now) {
  if (start === null) {
    return null;
  }
  const begin = Date.parse(start);
  const until = end === null ? (status === "running" ? now : begin) : Date.parse(end);
  return { begin, end: Math.max(Math.min(until, now), begin) };
}

/**
 * Return the stages of an attempt in their order, as far as these entries tell of them. A stage
 * lasts until the next one, or until the attempt's end.
 *
 * @param {Attempt} attempt
 * @param {Entry[]} entries of the job, in any order
 * @param {number} now
 * @returns {Stage[]}
 */
export function stagesOf(attempt, entries, now) {
  const told = entries
    .filter((entry) => entry.attempt === attempt.attempt && asText(entry.detail.stage) !== null)
    .map((entry) => ({ at: Date.parse(entry.occurred_at), name: String(entry.detail.stage) }))
    .sort((a, b) => a.at - b.at);
  const changes = told.filter((one, at) => at === 0 || one.name !== told[at - 1].name);
  const first = attempt.started_at ?? (changes[0] && new Date(changes[0].at).toISOString());
  const whole = spanOf({ ...attempt, started_at: first ?? null }, now);
  return changes.map(({ at, name }, number) => {
    const end = changes[number + 1]?.at ?? whole?.end ?? at;
    return { name, begin: at, end: Math.max(Math.min(end, now), at) };
  });
}

/**
 * Return the parts of a job that have started, each in a lane in which no two are at once.
 *
 * @param {Job[]} parts
 * @param {number} now
 */
export function lanesOf(parts, now) {
  /** @type {number[]} where each lane ends */
  const ends = [];
  const started = parts.flatMap((job) => {
    const span = spanOf(job, now);
    return span === null ? [] : [{ job, outcome: outcomeOf(job), ...span }];
  });
  started.sort((a, b) => a.begin - b.begin);
  const placed = started.map((one) => {
    const free = ends.findIndex((end) => end <= one.begin);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = Math.max(one.end, one.begin + 1);
    return { ...one, lane };
  });
  return { placed, count: ends.length };
}

/**
 * Return the round durations that an axis of this length is marked with, from 0 on.
 *
 * @param {number} length in milliseconds
 */
export function ticksOf(length) {
  const step = STEPS.find((one) => length / one <= MOST_TICKS) ?? STEPS[STEPS.length - 1];
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, number) => number * step);
}

/**
 * Return how fast the present attempt of a running job is and when it ends if that goes on; null
 * where these entries don't tell.
 *
 * The rate is that of the entries: what came after the first of them, over the time since then.
 *
 * @param {Job} job
 * @param {Entry[]} entries its newest ones, in any order
 * @param {number} now
 */
export function paceOf(job, entries, now) {
  if (job.status !== "running" || job.stalled) {
    return null;
  }
  const mine = entries
    .filter((entry) => entry.attempt === job.attempt)
    .map((entry) => ({ at: Date.parse(entry.occurred_at), delta: entry.detail.delta }))
    .sort((a, b) => a.at - b.at);
  const seconds = mine.length < 2 ? 0 : (mine[mine.length - 1].at - mine[0].at) / SECOND;
  const records = mine.slice(1).reduce((sum, { delta }) => sum + recordsProcessed(mapOf(delta, asNumber)), 0);
  if (seconds < 1 || records <= 0) {
    return null;
  }
  const perSecond = records / seconds;
  const left = (job.records_total ?? 0) - recordsProcessed(job.counters);
  const end = mine[mine.length - 1].at + (left / perSecond) * SECOND;
  return { perSecond, endsAt: left > 0 && end > now ? new Date(end).toISOString() : null };
}

/**
 * Return what a parameter is now, and whether that is what the job began with: earlier values are
 * not kept, so only the time of the last change tells.
 *
 * @param {Parameter} parameter
 * @param {Job} job
 * @param {Format} format
 * @param {number} now
 */
export function valueThen({ value, updated_at: at }, job, format, now) {
  const began = job.started_at ?? job.created_at;
  return at !== null && Date.parse(at) > Date.parse(began)
    ? `Changed since, on ${format.time(at, now)}: it is ${value} now, and what it was is not kept`
    : value;
}
