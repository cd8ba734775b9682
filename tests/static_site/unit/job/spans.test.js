import assert from "node:assert/strict";
import { test } from "node:test";

import {
  attemptsOf,
  lanesOf,
  outcomeOfAttempt,
  paceOf,
  spanOf,
  stagesOf,
  ticksOf,
} from "../../../../static_site/components/timeline/spans.js";

const MINUTE = 60_000;
const START = Date.parse("2026-11-22T10:00:00Z");
const NOW = START + 60 * MINUTE;
const at = (minute) => new Date(START + minute * MINUTE).toISOString();
const entry = (minute, detail, attempt = 1) => ({ occurred_at: at(minute), attempt, detail });
const attempt = (fields) => ({
  attempt: 1,
  status: "running",
  result: null,
  started_at: at(0),
  ended_at: null,
  error: null,
  ...fields,
});
const minutes = ({ begin, end }) => [(begin - START) / MINUTE, (end - START) / MINUTE];

test("a span goes on until now while it runs, and never beyond", () => {
  assert.deepEqual(minutes(spanOf(attempt({}), NOW)), [0, 60]);
  const ended = attempt({ status: "completed", ended_at: at(90) });
  assert.deepEqual(minutes(spanOf(ended, NOW)), [0, 60]);
  assert.equal(spanOf(attempt({ started_at: null }), NOW), null);
});

test("a superseded attempt ends where it was superseded, or takes no time", () => {
  const superseded = attempt({ status: "superseded", ended_at: at(7) });
  assert.deepEqual(minutes(spanOf(superseded, NOW)), [0, 7]);
  assert.deepEqual(minutes(spanOf({ ...superseded, ended_at: null }, NOW)), [0, 0]);
});

test("of a stalled job the present attempt alone is stalled", () => {
  const job = { attempt: 2, stalled: true, attempts: [attempt({}), attempt({ attempt: 2 })] };
  const outcomes = attemptsOf(job).map((one) => [one.attempt, outcomeOfAttempt(one, job)]);
  assert.deepEqual(outcomes, [[2, "stalled"], [1, "running"]]);
});

test("a stage lasts until the next one, the last until the attempt's end", () => {
  const entries = [
    entry(30, { stage: "write" }),
    entry(20, { stage: "clean" }),
    entry(5, { stage: "read" }),
    entry(10, { stage: "read" }),
    entry(12, { delta: { records_ok: 1 } }),
    entry(50, { stage: "other attempt" }, 2),
  ];
  const ended = attempt({ status: "completed", ended_at: at(45) });
  const stages = stagesOf(ended, entries, NOW);
  assert.deepEqual(
    stages.map((one) => [one.name, ...minutes(one)]),
    [["read", 5, 20], ["clean", 20, 30], ["write", 30, 45]],
  );
  assert.deepEqual(minutes(stagesOf(attempt({}), entries, NOW)[2]), [30, 60]);
});

test("parts that are at once lie in different lanes, and a lane is used again", () => {
  const part = (id, from, to) => ({ job_id: id, status: "completed", result: "succeeded", started_at: at(from), ended_at: at(to) });
  const waiting = { ...part("d", 0, 0), started_at: null, status: "queued" };
  const { placed, count } = lanesOf([part("c", 10, 20), part("b", 5, 15), part("a", 0, 10), waiting], NOW);
  assert.equal(count, 2);
  assert.deepEqual(placed.map(({ job, lane }) => [job.job_id, lane]), [["a", 0], ["b", 1], ["c", 0]]);
});

test("ticks are round, begin at 0 and do not go beyond the end", () => {
  for (const length of [900, 1_000, 61_000, 59 * MINUTE, 25 * 60 * MINUTE, 9e9, 9e11]) {
    const ticks = ticksOf(length);
    assert.equal(ticks[0], 0);
    assert.ok(ticks.at(-1) <= length && (length > 9e10 || ticks.length <= 6), `${length}`);
  }
  assert.deepEqual(ticksOf(59 * MINUTE).map((one) => one / MINUTE), [0, 15, 30, 45]);
});

test("the rate is that of the present attempt's events, and says when the job ends", () => {
  const job = { status: "running", stalled: false, attempt: 2, records_total: 1000, counters: { records_ok: 400 } };
  const entries = [
    entry(58, { delta: { records_ok: 60 } }, 2),
    entry(48, { delta: { records_ok: 100, input_tokens: 7 } }, 2),
    entry(3, { delta: { records_ok: 340 } }, 1),
  ];
  const pace = paceOf(job, entries, NOW);
  assert.equal(pace.perSecond, 0.1);
  assert.equal(pace.endsAt, at(58 + 100));
  assert.equal(paceOf({ ...job, records_total: null }, entries, NOW).endsAt, null);
  assert.equal(paceOf(job, entries, START + 200 * MINUTE).endsAt, null, "no end that is over");
  assert.equal(paceOf({ ...job, stalled: true }, entries, NOW), null);
  assert.equal(paceOf({ ...job, status: "completed" }, entries, NOW), null);
  assert.equal(paceOf(job, entries.slice(0, 1), NOW), null, "one event is no rate");
});
