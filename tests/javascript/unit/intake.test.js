import assert from "node:assert/strict";
import { test } from "node:test";

import { Intake } from "run-ledger";

import { door, problem, taken } from "./door.js";

const KEY = "rlk_of_a_test";
const event = (n, more = {}) => ({ detail_type: "job_update", detail: { event_id: `e-${n}`, job_id: "j", ...more } });
const events = (count) => Array.from({ length: count }, (_, n) => event(n));
const intake = (url, more = {}) => new Intake({ url, credential: KEY, ...more });

test("each event has its result, in the caller's order, beyond a body too", async (context) => {
  const refusal = { reason: "invalid_field", field: "detail.result", message: "detail.result: missing" };
  const { url, bodies, headers } = await door(context, (lines) => [
    207,
    {
      results: lines.map(({ detail: { event_id } }) =>
        event_id === "e-7" ? { event_id, status: "rejected", error: refusal } : { event_id, status: "accepted", error: null },
      ),
    },
  ]);

  const results = await intake(url).send(events(250));

  assert.deepEqual(results.map(({ event_id }) => event_id), events(250).map(({ detail }) => detail.event_id));
  assert.deepEqual(results[7], { event_id: "e-7", status: "rejected", error: refusal });
  assert.equal(results.filter(({ status }) => status === "accepted").length, 249);
  assert.deepEqual(bodies.map((lines) => lines.length), [100, 100, 50]);
  assert.equal(headers[0].authorization, `Bearer ${KEY}`);
  assert.equal(headers[0]["content-type"], "application/x-ndjson");
});

test("a body stays below what the intake takes", async (context) => {
  const { url, bodies } = await door(context, taken);
  const large = Array.from({ length: 70 }, (_, n) => event(n, { name: "ü".repeat(30_000) }));

  const results = await intake(url).send(large);

  assert.ok(results.every(({ status }) => status === "accepted"));
  assert.ok(bodies.length > 1);
  for (const lines of bodies) assert.ok(Buffer.byteLength(lines.map((one) => JSON.stringify(one)).join("\n")) < 4_000_000);
});

test("an event that no body can hold is refused before it is sent", async (context) => {
  const { url, bodies } = await door(context, taken);
  const circle = {};
  circle.circle = circle;

  const results = await intake(url).send([event(0, { name: "x".repeat(4_000_000) }), event(1, { circle }), event(2)]);

  assert.deepEqual(results.map(({ status, error }) => [status, error?.reason]), [
    ["rejected", "too_large"],
    ["rejected", "bad_json"],
    ["accepted", undefined],
  ]);
  assert.equal(bodies.flat().length, 1);
});

for (const status of [429, 503]) {
  test(`after ${status} it waits as long as it is told to, and sends the same again`, async (context) => {
    const { url, bodies, times } = await door(context, () => problem(status, { "Retry-After": "1" }), taken);

    const results = await intake(url).send(events(3));

    assert.ok(results.every((one) => one.status === "accepted"));
    assert.deepEqual(bodies[0], bodies[1]);
    assert.ok(times[1] - times[0] >= 950, `${times[1] - times[0]} ms`);
  });
}

test("a lost answer, and one that can't be read, let the same ids be sent again", async (context) => {
  const { url, bodies } = await door(
    context,
    () => null,
    () => [202, "<html>"],
    () => [202, { results: [] }],
    () => [500, {}],
    taken,
  );
  const { event_id, ...unnamed } = event(0).detail;

  const [result] = await intake(url).send([{ detail_type: "job_update", detail: unnamed }]);

  assert.equal(event_id, "e-0");
  assert.equal(result.status, "accepted");
  assert.equal(bodies.length, 5);
  assert.equal(new Set(bodies.map((lines) => lines[0].detail.event_id)).size, 1);
  assert.match(result.event_id, /^[0-9a-f-]{36}$/);
  assert.ok(!("event_id" in unnamed), "the caller's own event stays as it is");
});

test("of a body in part taken, only the rest is sent again", async (context) => {
  const { url, bodies } = await door(
    context,
    (lines) => [
      207,
      { results: taken(lines)[1].results.map((one, n) => (n % 2 ? { ...one, status: "retry", error: {} } : one)) },
      { "Retry-After": "0" },
    ],
    taken,
  );

  const results = await intake(url).send(events(4));

  assert.deepEqual(bodies.map((lines) => lines.map(({ detail }) => detail.event_id)), [
    ["e-0", "e-1", "e-2", "e-3"],
    ["e-1", "e-3"],
  ]);
  assert.ok(results.every(({ status }) => status === "accepted"));
});

for (const status of [400, 401, 403, 404, 413, 415]) {
  test(`after ${status} it does not ask again, and says what the intake said`, async (context) => {
    const { url, bodies } = await door(context, () => problem(status));

    const results = await intake(url).send(events(2));

    assert.equal(bodies.length, 1);
    assert.deepEqual(results.map((one) => [one.event_id, one.status, one.error.reason]), [
      ["e-0", "retry", `http_${status}`],
      ["e-1", "retry", `http_${status}`],
    ]);
    assert.match(results[0].error.message, new RegExp(`no, as ${status} says`));
    assert.ok(!JSON.stringify(results).includes(KEY));
  });
}

test("it gives up in time, at once where it would have to wait for longer", async (context) => {
  const { url, bodies } = await door(context, () => problem(429, { "Retry-After": "3600" }));
  const began = performance.now();

  const [result] = await intake(url).send(events(1), { seconds: 5 });

  assert.deepEqual([result.status, bodies.length], ["retry", 1]);
  assert.ok(performance.now() - began < 4_000);
});

test("nobody there is no exception, and a caller can stop it", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);

  const [result] = await intake("http://127.0.0.1:9").send(events(1), { signal: stop.signal });

  assert.deepEqual([result.event_id, result.status, result.error.field], ["e-0", "retry", "request"]);
});

test("an answer that does not come is given up, and asked for again", async (context) => {
  let asked = 0;
  const hanging = (address, options) => {
    asked += 1;
    if (asked > 1) return fetch(address, options);
    return new Promise((_, reject) => options.signal.addEventListener("abort", () => reject(options.signal.reason)));
  };
  const { url } = await door(context, taken);

  const [result] = await intake(url, { fetch: hanging, requestSeconds: 0.05 }).send(events(1));

  assert.deepEqual([result.status, asked], ["accepted", 2]);
});

test("the key goes to no other address", async (context) => {
  const other = await door(context, taken);
  const { url } = await door(context, () => [307, {}, { location: `${other.url}events` }]);

  const [result] = await intake(url).send(events(1));

  assert.deepEqual([result.status, other.bodies.length], ["retry", 0]);
});

test("a token can be fetched anew for each request", async (context) => {
  const tokens = ["first", "second"];
  const { url, headers } = await door(context, () => [503, {}, { "Retry-After": "0" }], taken);

  await new Intake({ url, credential: async () => tokens.shift() }).send(events(1));

  assert.deepEqual(headers.map(({ authorization }) => authorization), ["Bearer first", "Bearer second"]);
});

test("BigInts are written as numbers, to the last digit", async (context) => {
  const { url, details } = await door(context, taken);

  const results = await intake(url).send([event(0, { delta: { a: -(2n ** 53n) } }), event(1, { delta: { a: 2n ** 53n + 1n } })]);

  assert.deepEqual(details().map(({ delta }) => String(delta.a)), ["-9007199254740992"]);
  assert.deepEqual(results.map(({ status }) => status), ["accepted", "rejected"]);
  assert.match(results[1].error.message, /a: got 9007199254740993; allowed/);
});

test("wrong settings are told by name, and no key goes out in the clear", () => {
  for (const url of ["", "intake.example", "ftp://intake.example", "http://intake.example", "http://localhost.example"]) {
    assert.throws(() => intake(url), /^TypeError: url: got .*; allowed: /, url);
  }
  assert.throws(() => new Intake({ url: "https://intake.example" }), /^TypeError: credential: missing; allowed: /);
  assert.doesNotThrow(() => intake("https://intake.example/prod/"));
});
