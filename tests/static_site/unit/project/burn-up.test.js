import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { burnUp, readDays } from "../../../../static_site/components/project/burn-up.js";
import { createFormat } from "../../../../static_site/lib/format.js";
import { progressText } from "../../../../static_site/views/project-view.js";

// The analysts' app is tested with the same cases: both tell the same of a project.
const CASES = JSON.parse(readFileSync(new URL("./burn-up-cases.json", import.meta.url), "utf-8"));
const iso = (at) => new Date(at).toISOString().replace(".000Z", "Z");

for (const one of CASES) {
  test(one.title, () => {
    const points = one.points.map(([at, done]) => ({ at, succeeded: done, failed: 7 }));
    const days = readDays({ from: one.from, series: [{ points }] });
    const found = burnUp(one.project, days, Date.parse(one.now), Date.parse(one.today));
    assert.deepEqual(found.line.map(({ at, done }) => [iso(at), done]), one.line);
    assert.deepEqual(found.days.map(({ at, added, done }) => [iso(at), added, done]), one.days);
    assert.equal(found.pace, one.pace);
    assert.equal(found.endAt === null ? null : iso(found.endAt), one.end_at);
  });
}

test("partial jobs are done, and a trend without series has no days", () => {
  const point = { at: "2026-11-22T00:00:00Z", succeeded: 2, partial: 3, failed: 4, cancelled: 5 };
  const raw = { from: "2026-11-22T00:00:00Z", series: [{ points: [point] }] };
  assert.equal(readDays(raw).points[0].done, 5);
  assert.deepEqual(readDays({ series: null }).points, []);
});

test("a pace is told with its end, against the due date", () => {
  const format = createFormat({ locale: "en-GB", timeZone: "UTC" });
  const project = { jobs_done: 3, jobs_expected: 5, due_at: "2026-11-22T00:00:00Z" };
  const burn = { pace: 1.25, endAt: Date.parse("2026-11-24T12:00:00Z") };
  const text = (fields, of = burn) => progressText({ ...project, ...fields }, of, format);
  assert.equal(
    text({}),
    "3 of 5 expected jobs are done. In the last 7 days, 1.3 jobs a day were done. " +
      "At this pace, all are done on 24 Nov 2026, 3 days after the due date.",
  );
  assert.match(text({ due_at: "2026-11-25T00:00:00Z" }), /on 24 Nov 2026, in time\.$/);
  assert.match(text({ due_at: null }), /on 24 Nov 2026\.$/);
  assert.match(text({}, { pace: 0, endAt: null }), /No job was done in the last 7 days/);
  assert.equal(text({ jobs_done: 5 }), "5 of 5 expected jobs are done.");
  assert.equal(
    text({ jobs_expected: null, jobs_done: 1 }),
    "1 job is done. In the last 7 days, 1.3 jobs a day were done.",
  );
});
