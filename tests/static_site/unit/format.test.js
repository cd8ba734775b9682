import assert from "node:assert/strict";
import { test } from "node:test";

import { createFormat, exactUtc } from "../../../static_site/lib/format.js";
import { dayAfter, dayIn, isZone, startOfDay, withZone, zoneIn } from "../../../static_site/components/page/zones.js";

const format = createFormat({ locale: "en-US", timeZone: "Europe/Berlin" });
const NOW = Date.parse("2026-11-22T10:30:00Z");

test("durations are told in their two greatest units, without noughts", () => {
  assert.deepEqual(
    [0, 1.24, 9.9, 42.4, 59.7, 61, 3599.6, 3600, 93_784, 864_000_0].map(format.duration),
    ["0 s", "1.2 s", "9.9 s", "42 s", "1 min", "1 min 1 s", "1 h", "1 h", "1 d 2 h", "100 d"],
  );
});

test("numbers are the same for every reader, as the words around them are", () => {
  for (const locale of ["en-GB", "de-DE", "en-IN", "ar-EG"]) {
    const { compact, duration, money, number, rate } = createFormat({ locale });
    assert.deepEqual(
      [compact(75_200_000), compact(7_520_000_000), duration(-11_220), money(18_420_000), number(1e6), rate(0.051)],
      ["75.2M", "7.52B", "−3 h 7 min", "$18.42", "1,000,000", "5.1%"],
      locale,
    );
  }
});

test("ages have one unit, and a clock that is ahead doesn't show", () => {
  assert.deepEqual(
    [-5, 0.4, 1, 59.9, 60, 7199, 86_400 * 3].map(format.ago),
    ["just now", "just now", "1 s ago", "59 s ago", "1 min ago", "1 h ago", "3 d ago"],
  );
});

test("money has cents, and more digits when it is less than that", () => {
  assert.deepEqual(
    [0, 1_234_567_890, 812_000, 3_400, 12, -2_500_000].map(format.money),
    ["$0.00", "$1,234.57", "$0.81", "$0.0034", "$0.000012", "−$2.50"],
  );
});

test("large numbers are written in full, or short where room is small", () => {
  assert.equal(format.number(18_234_567), "18,234,567");
  assert.deepEqual([99_999, 131_072, 18_234_567].map(format.compact), ["99,999", "131K", "18.2M"]);
});

test("nothing is all done before all of it is", () => {
  assert.deepEqual(
    [format.percent(0, 3), format.percent(9_999, 10_000), format.percent(5, 5), format.percent(6, 5)],
    ["0%", "99%", "100%", "120%"],
  );
});

test("a rate is told to a tenth, none only where it is none and all only where it is all", () => {
  assert.deepEqual(
    [0, 0.0001, 0.0012, 0.034, 0.25, 0.1049, 0.9999, 1].map(format.rate),
    ["0%", "< 0.1%", "0.1%", "3.4%", "25%", "10.5%", "99.9%", "100%"],
  );
  assert.deepEqual([0.125, -0.034, 2.47, 0.0001, -0.0001].map(format.change), [
    "+12.5%",
    "−3.4%",
    "+247%",
    "",
    "",
  ]);
});

test("times are the reader's, with what is needed of the date", () => {
  assert.equal(format.time("2026-11-22T10:29:08Z", NOW), "11:29:08 AM");
  assert.equal(format.time("2026-11-21T23:30:00Z", NOW), "12:30:00 AM");
  assert.equal(format.time("2026-11-21T22:30:00Z", NOW), "Nov 21, 11:30 PM");
  assert.equal(format.time("2025-11-21T22:30:00Z", NOW), "Nov 21, 2025, 11:30 PM");
});

test("the exact time is the ledger's own, digit for digit", () => {
  assert.equal(exactUtc("2026-11-22T10:29:08.123456Z"), "2026-11-22 10:29:08.123456 UTC");
});

const HALF_AN_HOUR = 1_800_000;

test("a day begins where the clock of its zone first shows it, also where clocks change", () => {
  for (const zone of ["Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Kolkata", "UTC"]) {
    const end = Date.UTC(2026, 10, 10);
    let day = "";
    for (let at = Date.UTC(2026, 8, 1); at < end; at += HALF_AN_HOUR) {
      const next = dayIn(at, zone);
      if (day !== "" && next > day) {
        assert.equal(startOfDay(next, zone), at, `${next} in ${zone}`);
        assert.equal(dayAfter(day), next);
      }
      day = next > day ? next : day;
    }
  }
  assert.ok(Number.isNaN(startOfDay("nonsense", "UTC")));
});

test("an address names the zone beside the filters, or none", () => {
  assert.equal(withZone("", "UTC"), "#/overview?tz=UTC");
  assert.equal(withZone("#/jobs?q=a&tz=UTC", null), "#/jobs?q=a");
  assert.equal(zoneIn(withZone("#/jobs/x", "Europe/Berlin")), "Europe/Berlin");
  assert.equal(zoneIn("#/jobs?q=a"), null);
  assert.deepEqual(["Europe/Berlin", "Mars/Olympus"].map(isZone), [true, false]);
});

test("times follow the zone that is chosen", () => {
  const shown = { ...createFormat({ locale: "en-GB", timeZone: "Europe/Berlin" }) };
  const now = Date.parse("2026-10-25T12:00:00Z");
  const texts = () => ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map((at) => shown.time(at, now));
  assert.deepEqual(texts(), ["02:30:00", "02:30:00"], "the hour that comes twice");
  Object.assign(shown, createFormat({ locale: "en-GB", timeZone: "UTC" }));
  assert.deepEqual(texts(), ["00:30:00", "01:30:00"]);
  assert.equal(shown.zone(), "UTC");
});
