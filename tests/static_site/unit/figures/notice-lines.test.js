import assert from "node:assert/strict";
import { test } from "node:test";

import { readNotices, sentenceOf } from "../../../../static_site/components/incidents/notice-lines.js";
import { createFormat } from "../../../../static_site/lib/format.js";

const NOW = Date.parse("2026-11-22T15:10:00Z");
const format = createFormat({ locale: "en-GB", timeZone: "UTC" });
const say = (answer) => sentenceOf(readNotices(answer), format, NOW);
const well = { client_id: "acme", channel: "ops", worked_at: "2026-11-22T14:00:00.000000Z", failing_since: null, off_at: null };
const bad = { ...well, channel: "hook", worked_at: null, failing_since: "2026-11-22T13:00:00.000000Z", reason: "the receiver answered 500" };
const NONE = { waiting: 0, oldest_waiting_at: null, given_up: 0, last_given_up_at: null };

test("the sentence says how channels do, and what did not come", () => {
  assert.equal(say({ channels: [], ...NONE }), "No channel was used yet.");
  assert.equal(say({ channels: [well], ...NONE }), "1 channel works.");
  assert.equal(say({ channels: [well, well], ...NONE }), "2 channels work.");
  const waiting = { waiting: 3, oldest_waiting_at: "2026-11-22T13:05:00.000000Z", given_up: 1 };
  assert.equal(
    say({ channels: [well, bad], ...waiting }),
    "1 of 2 channels does not work; 3 notices wait, the oldest since 13:05; 1 notice was given up in the last 30 days.",
  );
  assert.match(say({ channels: [bad], waiting: null, given_up: null }), /more notices wait or were given up/);
});

test("what fails or is off comes first, and nonsense is nothing", () => {
  const off = { ...well, channel: "gone", off_at: "2026-11-22T13:00:00.000000Z" };
  const told = readNotices({ channels: [well, bad, off], ...NONE });
  assert.deepEqual(told.channels.map((one) => one.channel), ["hook", "gone", "ops"]);
  assert.deepEqual(readNotices("no answer at all").channels, []);
});
