import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { RunLedger } from "run-ledger";

import { door, problem, taken } from "./door.js";

const OWNER = { client_id: "acme", project_id: "catalogue" };

/** Return a ledger, and lists of what it tells. */
function ledgerOf(test, url, more = {}) {
  const problems = [];
  const results = [];
  const ledger = new RunLedger({
    url,
    credential: "rlk_of_a_test",
    ...OWNER,
    intervalSeconds: 0.02,
    onProblem: (text) => problems.push(text),
    onResult: (result) => results.push(result),
    ...more,
  });
  test.after(() => ledger.close(0));
  return { ledger, problems, results };
}

async function until(what, look) {
  const end = performance.now() + 10_000;
  while (!look()) {
    assert.ok(performance.now() < end, `waited in vain for ${what}`);
    await pause(5);
  }
}

test("a tracked job starts, adds, and has ended when its work has", async (context) => {
  const { url, details } = await door(context);
  const { ledger, problems } = ledgerOf(context, url);

  const done = await ledger.tracked({ job_id: "j", name: "Nightly", pipeline: "prices", records_total: 2, expect: { every: "6h" } }, (job) => {
    job.stage("fetch");
    job.add({ records_ok: 1 });
    job.add({ records_ok: 1, llm_calls: 1 }, { model: "gpt-4o-mini" });
    return 7;
  });

  const [start, end] = details();
  const { event_id, occurred_at, ...said } = start;
  assert.equal(done, 7);
  assert.deepEqual(said, {
    ...OWNER,
    job_id: "j",
    pipeline: "prices",
    name: "Nightly",
    records_total: 2,
    expect: { every: "6h" },
    status: "running",
    stage: "fetch",
    delta: { records_ok: 1 },
    delta_by_model: { "gpt-4o-mini": { records_ok: 1, llm_calls: 1 } },
  });
  assert.deepEqual([end.status, end.result, end.job_id, end.pipeline], ["completed", "succeeded", "j", "prices"]);
  assert.ok(occurred_at < end.occurred_at);
  assert.ok(!("expect" in end));
  assert.notEqual(event_id, end.event_id);
  assert.deepEqual([ledger.stats(), problems], [{ accepted: 2, rejected: 0, lost: 0, waiting: 0 }, []]);
});

for (const [name, result] of [
  ["Error", "failed"],
  ["AbortError", "cancelled"],
  ["TimeoutError", "timed_out"],
]) {
  test(`work that ends by ${name} has ${result}, and the program still gets it`, async (context) => {
    const { url, details } = await door(context);
    const { ledger } = ledgerOf(context, url);
    const error = Object.assign(new Error("no price", { cause: new RangeError("row 7\nmore") }), { name });

    await assert.rejects(ledger.tracked({}, () => Promise.reject(error)), (caught) => caught === error);

    const end = details().at(-1);
    assert.deepEqual([end.result, end.error], [result, { type: name, message: "no price (caused by RangeError: row 7)" }]);
  });
}

test("the first end counts, with its own words for the error", async (context) => {
  const { url, details } = await door(context);
  const { ledger } = ledgerOf(context, url);

  await ledger.tracked({}, (job) => {
    job.partial("x".repeat(700) + "y".repeat(2_000) + "z", { type: "Half", fingerprint: "half" });
    job.fail("later");
  });

  const ends = details().filter(({ status }) => status === "completed");
  assert.deepEqual(ends.map(({ result }) => result), ["partial"]);
  assert.deepEqual([ends[0].error.type, ends[0].error.fingerprint, ends[0].error.message.length], ["Half", "half", 1_024]);
  assert.match(ends[0].error.message, /^x+ … y+z$/);
});

test("sums come every few seconds, and nothing comes twice", async (context) => {
  const { url, details } = await door(context);
  const { ledger } = ledgerOf(context, url);
  const job = ledger.job();

  for (let n = 0; n < 200; n += 1) {
    job.add({ records_ok: 1 });
    if (n % 50 === 0) await pause(25);
  }
  job.succeed();

  assert.ok(await ledger.flush());
  const sums = details().map(({ delta }) => delta?.records_ok ?? 0);
  assert.equal(sums.reduce((a, b) => a + b), 200);
  assert.ok(sums.length > 3);
  assert.ok(sums.length < 20);
});

test("counters are exact where JavaScript's numbers are not", async (context) => {
  const { url, details } = await door(context);
  const { ledger } = ledgerOf(context, url, { intervalSeconds: 60 });

  await ledger.tracked({}, (job) => {
    for (let n = 0; n < 3; n += 1) job.add({ cost_microusd: Number.MAX_SAFE_INTEGER });
    job.add({ cost_microusd: 2n ** 53n, input_tokens: -5n });
    job.add({ cost_microusd: 1 });
  });

  const deltas = details().map(({ delta }) => delta ?? {});
  const sum = deltas.reduce((total, { cost_microusd = 0 }) => total + BigInt(cost_microusd), 0n);
  assert.equal(sum, 3n * BigInt(Number.MAX_SAFE_INTEGER) + 2n ** 53n + 1n);
  assert.ok(deltas.every(({ cost_microusd = 0 }) => Math.abs(cost_microusd) <= 2 ** 53));
  assert.equal(deltas[0].input_tokens, -5);
});

test("many names and models are told in as many events as it takes", async (context) => {
  const { url, details } = await door(context);
  const { ledger } = ledgerOf(context, url);

  await ledger.tracked({}, (job) => {
    for (let n = 0; n < 60; n += 1) job.add({ [`kind_${n}`]: 1 });
    for (let n = 0; n < 20; n += 1) job.add({ llm_calls: n + 1 }, { model: `model-${n}` });
  });

  const all = details();
  const models = all.flatMap(({ delta_by_model = {} }) => Object.entries(delta_by_model));
  assert.equal(new Set(all.flatMap(({ delta = {} }) => Object.keys(delta))).size, 60);
  assert.deepEqual(Object.fromEntries(models.map(([name, { llm_calls }]) => [name, llm_calls])), Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [`model-${n}`, n + 1]),
  ));
  for (const { delta = {}, delta_by_model = {} } of all) {
    assert.ok(Object.keys(delta).length <= 24);
    assert.ok(Object.keys(delta_by_model).length <= 8);
  }
});

test("what can't be counted is told, and spoils nothing else", async (context) => {
  const { url, details } = await door(context);
  const { ledger, problems } = ledgerOf(context, url);

  await ledger.tracked({}, (job) => {
    job.add({ records_ok: 1, "Tokens-In": 5, cost_microusd: 0.5, input_tokens: 2 ** 53, output_tokens: "3" });
    job.describe({ name: "Named", owner: "nobody" });
  });

  assert.deepEqual(details()[0].delta, { records_ok: 1 });
  assert.equal(details()[0].name, "Named");
  assert.deepEqual(problems.map((text) => text.split(";")[0]), [
    "delta.Tokens-In: got 5",
    "delta.cost_microusd: got 0.5",
    "delta.input_tokens: got 9007199254740992",
    "delta.output_tokens: got 3",
    "owner: not known",
  ]);
  const strict = ledgerOf(context, url, { strict: true }).ledger.job();
  assert.throws(() => strict.add({ cost_microusd: 0.5 }), /^TypeError: delta.cost_microusd: got 0.5; allowed: /);
});

test("a wrong tag costs no job its end", async (context) => {
  const refuse = (field) => (lines) => [
    207,
    {
      results: lines.map(({ detail: { event_id, tags } }) =>
        tags && "bad" in tags
          ? { event_id, status: "rejected", error: { reason: "invalid_field", field, message: `${field}: got 7` } }
          : { event_id, status: "accepted", error: null },
      ),
    },
  ];
  for (const [field, left] of [
    ["detail.tags.bad", { good: "1" }],
    ["detail.tags", undefined],
  ]) {
    const { url, details } = await door(context, refuse(field));
    const { ledger, problems, results } = ledgerOf(context, url);

    await ledger.tracked({ tags: { good: "1", bad: 7 } }, () => {});

    const [start] = details();
    const again = details().findLast(({ event_id }) => event_id === start.event_id);
    const { tags, ...rest } = start;
    assert.deepEqual(tags, { good: "1", bad: 7 });
    assert.deepEqual(again, left ? { ...rest, tags: left } : rest);
    assert.deepEqual(results.map(({ status }) => status), ["accepted", "accepted"]);
    assert.match(problems[0], /got 7/);
  }
});

test("an event that stays wrong is told to the caller, once", async (context) => {
  const error = { reason: "invalid_field", field: "detail.client_id", message: "detail.client_id: got null" };
  const { url, bodies } = await door(context, (lines) => [
    207,
    { results: lines.map(({ detail }) => ({ event_id: detail.event_id, status: "rejected", error })) },
  ]);
  const { ledger, results } = ledgerOf(context, url);

  await ledger.tracked({ client_id: null }, () => {});

  assert.equal(bodies.flat().length, 2);
  assert.deepEqual(results.map((one) => [one.status, one.error.field]), Array(2).fill(["rejected", "detail.client_id"]));
  assert.equal(ledger.stats().rejected, 2);
});

test("while the intake fails, events wait and keep their ids and order", async (context) => {
  const { url, bodies } = await door(context, () => null, () => problem(503, { "Retry-After": "0" }), taken);
  const { ledger } = ledgerOf(context, url);
  const job = ledger.job({ job_id: "j" });
  await until("the first request", () => bodies.length > 0);
  job.fail("no");

  assert.ok(await ledger.flush());
  const first = bodies[0][0].detail;
  assert.deepEqual(bodies.map((lines) => lines[0].detail.event_id).slice(0, 3), Array(3).fill(first.event_id));
  assert.deepEqual(ledger.stats(), { accepted: 2, rejected: 0, lost: 0, waiting: 0 });
});

test("a key that is refused raises nothing; what waits is sent when it is taken again", async (context) => {
  let isTaken = false;
  const { url } = await door(context, (lines) => (isTaken ? taken(lines) : problem(401)));
  const { ledger, problems } = ledgerOf(context, url);
  ledger.job().succeed();
  await until("the refusal", () => problems.length > 0);
  assert.match(problems[0], /the intake answered 401: no, as 401 says; events wait/);

  isTaken = true;

  assert.ok(await ledger.flush());
  assert.equal(ledger.stats().accepted, 2);
});

test("what nobody takes is given up at the end, and told", async (context) => {
  const { url } = await door(context, () => problem(503, { "Retry-After": "9" }));
  const { ledger, results } = ledgerOf(context, url);
  ledger.job().succeed();
  const began = performance.now();

  assert.equal(await ledger.close(0.2), false);

  assert.ok(performance.now() - began < 5_000);
  assert.deepEqual(results.map(({ status }) => status), ["lost", "lost"]);
  assert.deepEqual(ledger.stats(), { accepted: 0, rejected: 0, lost: 2, waiting: 0 });
});

test("a job that is kept alive shows it while it is silent, and no longer than it runs", async (context) => {
  const { url, details } = await door(context);
  const { ledger } = ledgerOf(context, url);
  const job = ledger.job({ keepAlive: true, heartbeat_seconds: 1 });

  await until("two signs of life", () => details().length >= 3);
  const [, sign] = details();
  assert.deepEqual(Object.keys(sign).sort(), ["client_id", "event_id", "job_id", "occurred_at", "project_id"]);
  job.succeed();
  await ledger.flush();
  const { length } = details();
  await pause(700);

  assert.equal(details().length, length);
  assert.equal(details().at(-1).status, "completed");
});

test("a retry is a further attempt at the same job", async (context) => {
  const { url, details } = await door(context);
  const { ledger } = ledgerOf(context, url);

  for (const attempt of [1, 2]) {
    await ledger.tracked({ job_id: "refresh", attempt }, (job) => {
      assert.deepEqual([job.job_id, job.attempt], ["refresh", attempt]);
      if (attempt === 1) throw new Error("no answer");
    }).catch(() => {});
  }

  assert.deepEqual(details().map(({ job_id, attempt, result }) => [job_id, attempt, result]), [
    ["refresh", 1, undefined],
    ["refresh", 1, "failed"],
    ["refresh", 2, undefined],
    ["refresh", 2, "succeeded"],
  ]);
});

test("a callback that fails hurts nobody", async (context) => {
  const { url } = await door(context);
  const fails = () => {
    throw new Error("of the caller");
  };
  const { ledger, problems } = ledgerOf(context, url, { onResult: fails });

  await ledger.tracked({}, () => {});

  assert.deepEqual(problems, ["onResult failed: Error: of the caller"]);
  assert.equal(ledger.stats().accepted, 2);
});
