import assert from "node:assert/strict";
import { test } from "node:test";

import { restartText } from "../../../static_site/components/job/job-extras.js";
import { describeEntry, groupCounters } from "../../../static_site/lib/counters.js";
import { createFormat } from "../../../static_site/lib/format.js";
import { outcomeOf } from "../../../static_site/lib/outcomes.js";
import { endedText, failureText, safeLink, tookText } from "../../../static_site/lib/words.js";

const format = createFormat({ locale: "en-US", timeZone: "UTC" });

test("a job's state is one word", () => {
  for (const [state, word] of [
    [{ status: "queued", result: null }, "queued"],
    [{ status: "running", result: null, stalled: true }, "stalled"],
    [{ status: "completed", result: "timed_out", stalled: true }, "timed_out"],
    [{ status: "completed", result: null }, "unknown"],
    [{ status: "constructor", result: null }, "unknown"],
  ]) {
    assert.equal(outcomeOf(state), word);
  }
});

test("counters stand in their groups, the unknown ones last, money as money", () => {
  const groups = groupCounters({ pages_read: 7, cost_microusd: 2_500_000, records_ok: 1200 }, format);
  assert.deepEqual(
    groups.map(({ title, rows }) => [title, ...rows.map(({ label, text }) => `${label} ${text}`)]),
    [
      ["Records", "Records done 1,200"],
      ["Cost", "Cost $2.50"],
      ["Others", "Pages read 7"],
    ],
  );
});

test("a cost without that of some calls is a lower bound, and says so", () => {
  const counters = { cost_microusd: 2_500_000, llm_calls_unpriced: 3, llm_answers_unread: 2 };
  const groups = groupCounters(counters, format);
  assert.deepEqual(
    groups.flatMap(({ rows }) => rows.map(({ label, text }) => `${label}: ${text}`)),
    [
      "Model answers not understood: 2",
      "Cost: at least $2.50",
      "Model calls without a known cost: 3",
    ],
  );
});

test("an entry adds what it tells by model to what it tells without", () => {
  const detail = {
    delta: { llm_calls: 1 },
    delta_by_model: { "<b>m</b>": { llm_calls: 2, cost_microusd: 2_000_000 }, other: {} },
  };
  assert.deepEqual(describeEntry({ detail }, format).facts, [
    "+3 model calls",
    "+$2.00 cost",
    "by <b>m</b>, other",
  ]);
});

test("an entry says what its parts have come to so far", () => {
  const running_totals = { a: { records_ok: 1200 }, b: { records_ok: 30, output_bytes: 5 }, c: 1 };
  assert.deepEqual(describeEntry({ detail: { running_totals } }, format), {
    outcome: null,
    headline: "Progress",
    facts: ["1,230 records done so far", "5 output bytes so far"],
  });
});

test("an entry says what happened and what it added", () => {
  const entry = (detail) => ({ event_id: "e", attempt: 1, detail });
  const ended = { status: "completed", result: "failed", error: { type: "T", message: "m" } };
  assert.deepEqual(describeEntry(entry(ended), format), {
    outcome: "failed",
    headline: "Failed",
    facts: ["T: m"],
  });
  const delta = { delta: { records_ok: 1200, cost_microusd: -2_000_000, odd: "text" } };
  assert.deepEqual(describeEntry(entry(delta), format), {
    outcome: null,
    headline: "Progress",
    facts: ["+1,200 records done", "−$2.00 cost"],
  });
  const unpriced = { delta: { cost_microusd: 2_000_000, llm_calls_unpriced: 1 } };
  assert.deepEqual(describeEntry(entry(unpriced), format).facts, [
    "at least +$2.00 cost",
    "+1 model calls without a known cost",
  ]);
});

test("only plain https addresses become links", () => {
  for (const text of [
    null,
    "",
    "javascript:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "http://logs.example",
    "//logs.example",
    "https://console.aws.amazon.com@evil.example/",
  ]) {
    assert.equal(safeLink(text), null, String(text));
  }
  assert.equal(safeLink("https://logs.example/a?b#c"), "https://logs.example/a?b#c");
});

test("a span of ends is said as far as it goes, what is no time as it stands", () => {
  const day = (at) => at.slice(8, 10);
  const [from, to] = ["2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z"];
  assert.equal(endedText({}, day), "");
  assert.equal(endedText({ ended_from: "", ended_to: "" }, day), "");
  assert.equal(endedText({ ended_from: from, ended_to: "" }, day), "since 21");
  assert.equal(endedText({ ended_from: "", ended_to: to }, day), "before 23");
  assert.equal(endedText({ ended_from: from, ended_to: to }, day), "21 – 23");
  assert.equal(endedText({ ended_from: "noon" }, day), "since noon");
});

test("an error is called what a job of it says, else by its fingerprint", () => {
  const jobs = [{ error: null }, { error: { type: "Timeout", fingerprint: "f" } }];
  assert.equal(failureText("f", jobs), "Timeout");
  assert.equal(failureText("g", jobs), "g");
  assert.equal(failureText("none", jobs), "no reason given");
  assert.equal(failureText("", jobs), "");
  assert.equal(failureText(undefined, []), "");
});

test("a superseded attempt has ended, and never goes on", () => {
  const attempt = { status: "superseded", result: null, started_at: "2026-11-21T00:00:00Z" };
  assert.equal(outcomeOf(attempt), "superseded");
  const took = (seconds) => tookText({ ...attempt, duration_seconds: seconds }, Date.now(), format);
  assert.equal(took(1800), "followed by a later attempt after 30 min");
  assert.equal(took(null), "followed by a later attempt");
});

test("a job id that was used again is told with both times", () => {
  const job = { restarted_at: "2026-11-21T10:00:00Z", attempts: [{ first_ended_at: "2026-11-20T09:00:00Z" }] };
  const said = restartText(job, (at) => at.slice(8, 13));
  assert.match(said, /had ended at 20T09, and another was running at 21T10\./);
  assert.match(restartText({ ...job, attempts: [] }, String), /^A job of this id had ended, and/);
  assert.equal(restartText({ restarted_at: null, attempts: [] }, String), "");
});
