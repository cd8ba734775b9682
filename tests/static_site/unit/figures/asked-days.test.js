import assert from "node:assert/strict";
import { test } from "node:test";

import { createFormat } from "../../../../static_site/lib/format.js";
import { askedDays } from "../../../../static_site/views/errors-view.js";

const NOW = Date.parse("2026-11-18T00:30:00Z");
const format = createFormat({ locale: "en-GB", timeZone: "America/New_York" });
const say = (filters) => askedDays(filters, NOW, format);

test("errors are counted from a day of UTC on", () => {
  assert.deepEqual(say({}), { first: "2026-11-12", isNew: false, note: "" });
  assert.deepEqual(say({ days: "1" }), { first: "2026-11-18", isNew: false, note: "" });
  assert.deepEqual(say({ days: "400" }), { first: "2025-10-15", isNew: false, note: "" });
  assert.deepEqual(say({ new_since: "2026-11-18" }), { first: "2026-11-18", isNew: true, note: "" });
  assert.deepEqual(say({ new_since: "2025-10-15" }), { first: "2025-10-15", isNew: true, note: "" });
});

test("days out of reach are told, and what exists is counted", () => {
  const future = say({ new_since: "2026-11-19" });
  assert.deepEqual([future.first, future.isNew], ["2026-11-12", false]);
  assert.equal(
    future.note,
    "You asked for errors new since 19 Nov 2026 (UTC), which has not come yet: all errors of the last 7 days are shown.",
  );
  const old = say({ new_since: "2010-05-03" });
  assert.deepEqual([old.first, old.isNew], ["2025-10-15", true]);
  assert.equal(
    old.note,
    "You asked for errors new since 3 May 2010 (UTC). 400 days can be counted at most: those new since 15 Oct 2025 (UTC) are shown.",
  );
  const many = say({ days: "5000" });
  assert.equal(many.first, "2025-10-15");
  assert.match(many.note, /the last 5000 days\. 400 can be counted at most, and are shown\./);
  for (const text of ["0", "-3", "1.5", "many", "1e400"]) {
    assert.equal(say({ days: text }).first, "2026-11-12");
    assert.match(say({ days: text }).note, /is no number of days: the last 7 are shown/);
  }
  for (const text of ["soon", "2026-13-40", "2026-11-17T10:00Z"]) {
    assert.equal(say({ new_since: text }).first, "2026-11-12");
    assert.match(say({ new_since: text }).note, /since “.*”, which is no day/);
  }
});
