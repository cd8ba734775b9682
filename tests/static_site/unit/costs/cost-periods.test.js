import assert from "node:assert/strict";
import { test } from "node:test";

import { costPeriod, piecesOf } from "../../../../static_site/components/costs/cost-periods.js";
import { addSums, costRows, readSums } from "../../../../static_site/components/costs/costs.js";
import { createFormat } from "../../../../static_site/lib/format.js";

const HOUR = 3_600_000;
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"];
const at = (text) => Date.parse(text);
const formatOf = (timeZone) => createFormat({ locale: "en-GB", timeZone });
const hourOf = (zone, instant) =>
  new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(instant);

test("a time is cut into pieces that follow each other, of whole days but at its ends", () => {
  const ends = [0, 3 * HOUR, 20 * HOUR, 30 * HOUR, 9 * 24 * HOUR + HOUR, 40 * 24 * HOUR];
  for (const zone of ZONES) {
    // around both changes of clocks
    for (const first of ["2026-03-26T07:00:00Z", "2026-10-22T23:00:00Z", "2026-10-31T00:00:00Z"]) {
      for (const length of ends) {
        const [begin, end] = [at(first), at(first) + length];
        const pieces = piecesOf(begin, end, zone);
        const said = `${zone} ${first} ${length}`;
        assert.equal(pieces.length === 0, length === 0, said);
        if (length > 0) {
          assert.equal(at(pieces[0].from), begin, said);
          assert.equal(at(pieces.at(-1).to), end, said);
        }
        pieces.slice(1).forEach(({ from }, place) => assert.equal(from, pieces[place].to, said));
        for (const { interval, from, to } of pieces) {
          if (interval === "day") {
            assert.deepEqual([from, to].map((one) => hourOf(zone, at(one))), ["00:00", "00:00"], said);
          } else {
            assert.ok(at(to) - at(from) <= 25 * HOUR, said);
          }
        }
      }
    }
  }
});

test("a time up to now has an open end, and a closed one ends with a whole hour", () => {
  const open = piecesOf(at("2026-11-17T23:00:00Z"), at("2026-11-18T14:30:00Z"), "Europe/Berlin", true);
  assert.deepEqual(open, [{ interval: "day", from: "2026-11-17T23:00:00.000Z", to: "" }]);
  const hours = piecesOf(at("2026-11-18T10:00:00Z"), at("2026-11-18T14:30:00Z"), "UTC", true);
  assert.deepEqual(hours, [{ interval: "hour", from: "2026-11-18T10:00:00.000Z", to: "" }]);
  const [closed] = piecesOf(at("2026-11-18T10:00:00Z"), at("2026-11-18T14:30:00Z"), "UTC");
  assert.equal(closed.to, "2026-11-18T15:00:00.000Z");
});

test("the period before is as long, to the hour", () => {
  const now = at("2026-11-18T14:30:00Z"); // half past three in Berlin
  const format = formatOf("Europe/Berlin");
  const times = (name) => {
    const { begin, previousBegin, previousEnd } = costPeriod({ period: name }, now, format);
    return [begin, previousBegin, previousEnd].map((one) => new Date(one).toISOString().slice(0, 16));
  };
  assert.deepEqual(times("today"), ["2026-11-17T23:00", "2026-11-16T23:00", "2026-11-17T14:30"]);
  assert.deepEqual(times(""), ["2026-11-11T23:00", "2026-11-04T23:00", "2026-11-11T14:30"]);
  // clocks changed in October
  assert.deepEqual(times("30d"), ["2026-10-19T22:00", "2026-09-19T22:00", "2026-10-19T13:30"]);
  assert.deepEqual(times("month"), ["2026-10-31T23:00", "2026-09-30T22:00", "2026-10-18T13:30"]);
  // a month before with fewer days is not longer than it was
  const march = costPeriod({ period: "month" }, at("2026-03-31T12:00:00Z"), formatOf("UTC"));
  assert.equal(march.previousEnd, at("2026-03-01T00:00:00Z"));
});

test("a moment that begins a period is compared as on the overview", () => {
  const now = at("2026-11-18T14:30:00Z");
  const known = costPeriod({ since: "2026-11-17T14:00:00Z" }, now, formatOf("UTC"));
  assert.equal(known.begin, at("2026-11-17T14:00:00Z"));
  assert.equal(known.previousBegin, at("2026-11-16T14:00:00Z"));
  assert.equal(known.previousEnd, known.begin);
  assert.equal(known.note, "");
});

test("times out of reach are told, and what exists is shown", () => {
  const now = at("2026-11-18T14:30:00Z");
  const format = formatOf("UTC");
  const week = costPeriod({}, now, format).begin;
  const say = (filters) => costPeriod(filters, now, format);
  const future = say({ since: "2090-05-03T00:00:00Z" });
  assert.equal(future.begin, week);
  assert.equal(
    future.note,
    "You asked for what was used since 3 May 2090, 00:00, which has not come yet: the last 7 days are shown.",
  );
  assert.match(say({ since: "soon" }).note, /since “soon”, which is no time: the last 7 days are shown/);
  const old = say({ since: "2010-05-03T00:00:00Z" });
  assert.equal(old.begin, at("2025-10-15T00:00:00Z"));
  assert.match(old.note, /since 3 May 2010, 00:00\. 400 days can be counted at most, and are shown\./);
  const unknown = say({ period: "constructor" });
  assert.equal(unknown.begin, week);
  assert.match(unknown.note, /the period “constructor”, which is not offered/);
});

/** Return the sums of an answer of the API with these costs. */
const sums = (costs, rest = null, left = {}) =>
  readSums({
    series: Object.entries(costs).map(([client_id, cost]) => ({
      key: { client_id },
      points: [{ counters: { cost_microusd: cost } }],
    })),
    other: rest === null ? null : { points: [{ counters: { cost_microusd: rest } }] },
    left_out: left,
  });
const costsOf = ({ rows, total }) => [
  ...rows.map(({ name, sums: { cost_microusd: cost = 0 }, before }) => [name, cost, before?.cost_microusd ?? before]),
  total.sums.cost_microusd,
];

test("sums of times that follow each other add up; who is hidden in one is not told in the whole", () => {
  const whole = addSums([sums({ acme: 5, globex: 2 }), sums({ acme: 1 })], false);
  assert.deepEqual(costsOf(costRows(whole, sums({ acme: 9 }), false)), [
    ["acme", 6, 9],
    ["globex", 2, {}],
    8,
  ]);
  const partly = addSums([sums({ acme: 5, globex: 2 }), sums({ acme: 1 }, 7)], false);
  assert.deepEqual(costsOf(costRows(partly, sums({}), false)), [["acme", 6, {}], ["", 9, null], 15]);
  const nothing = addSums([], false);
  assert.deepEqual([nothing.groups.size, nothing.rest, nothing.leftOut.count], [0, null, 0]);
});

test("what any of the times leaves out is left out of the whole", () => {
  const left = { count: 7, clients: ["a", "b"], after: "x" };
  const { leftOut } = addSums([sums({}, null, left), sums({}, null, { clients: ["b", "c"], after: "h" })], false);
  assert.deepEqual(leftOut, { count: 7, names: ["a", "b", "c"], after: "h" });
});
