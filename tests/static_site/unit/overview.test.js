import assert from "node:assert/strict";
import { test } from "node:test";

import { inOrder } from "../../../static_site/components/figures/client-table.js";
import { totalsParts } from "../../../static_site/components/figures/totals-bar.js";
import { dayOf, momentOf } from "../../../static_site/components/page/zones.js";
import { createFormat } from "../../../static_site/lib/format.js";
import { changeText, periodWords, verdictOf } from "../../../static_site/lib/verdict.js";
import { readOverview } from "../../../static_site/lib/view-shapes.js";
import { errorName } from "../../../static_site/lib/words.js";

const NOW = Date.parse("2026-11-22T10:30:00Z");
const format = createFormat({ locale: "en-GB", timeZone: "UTC" });
const NOTHING = { failed: 0, all: 0 };
const FIGURES = {
  running: 0, stalled: 0, ended: 0, partial: 0, failed: 0, cancelled: 0,
  error_rate: null, records: NOTHING, previous: { error_rate: null },
};
const SINCE = "2026-11-21T10:00:00Z";
/** Return the verdict on these figures; the error rate follows from the counts. */
const say = (figures) => {
  const all = { ...FIGURES, ...figures };
  const judged = all.ended - all.cancelled;
  const rate = judged > 0 ? all.failed / judged : null;
  return verdictOf({ ...all, error_rate: rate }, SINCE, format);
};

test("the verdict names what is wrong, and only that", () => {
  assert.equal(say({}).tone, "calm");
  assert.equal(say({ ended: 4 }).tone, "good");
  assert.equal(say({ ended: 4 }).text, "All is well: of 4 jobs that ended in the last 24 hours, none failed.");
  assert.match(say({ running: 1 }).text, /^All is well: 1 job running, none failed/);
  assert.equal(say({ running: 3, stalled: 2 }).tone, "warn");
  assert.equal(say({ running: 3, stalled: 2 }).text, "2 jobs stalled: no event has come from them.");
  assert.match(say({ failed: 1, ended: 2, stalled: 2 }).text, /^1 of 2 jobs failed .*; 2 jobs stalled\.$/);
});

test("a failure that staff's rules tell, too, is counted apart from the client's", () => {
  const words = (open, ofStaff) => say({ incidents: { open, of_staff: ofStaff } });
  assert.equal(words(1, 0).text, "1 incident is open.");
  assert.deepEqual(words(1, 0).parts[0].filters, {});
  const both = words(3, 1);
  assert.equal(both.text, "2 incidents are open; 1 incident is open by staff’s rules.");
  assert.deepEqual(
    both.parts.filter(({ filters }) => filters).map(({ filters }) => filters),
    [{ of_staff: "false" }, { of_staff: "true" }],
  );
  assert.equal(words(2, 2).text, "2 incidents are open by staff’s rules.");
  assert.equal(words(null, null).tone, "calm");
});

test("partial jobs are no good news: they are told with their share of failed records", () => {
  const told = say({ ended: 5, partial: 4, cancelled: 1, records: { failed: 97, all: 100 } });
  assert.equal(told.tone, "warn");
  assert.equal(
    told.text,
    "4 of 4 jobs ended partial in the last 24 hours, and 97 of 100 records failed (97%).",
  );
  const both = say({ ended: 100, failed: 2, partial: 3, records: { failed: -1, all: 9 } });
  assert.equal(both.text, "2 of 100 jobs failed in the last 24 hours (2%); 3 jobs ended partial.");
});

test("one failure among hundreds is not the colour of an outage", () => {
  assert.equal(say({ ended: 300, failed: 1 }).tone, "warn");
  assert.equal(say({ ended: 300, failed: 30 }).tone, "bad");
  assert.equal(say({ ended: 3, failed: 1 }).tone, "bad");
});

test("failures are told with their rate, and with that of the previous day", () => {
  const after = (rate) => say({ ended: 200, failed: 3, previous: { error_rate: rate } }).text;
  assert.equal(after(null), "3 of 200 jobs failed in the last 24 hours (1.5%).");
  assert.equal(after(0), "3 of 200 jobs failed in the last 24 hours (1.5%, none in the previous 24 hours).");
  assert.match(after(0.0151), /\(1\.5%, as in the previous 24 hours\)/);
  assert.match(after(0.3), /\(1\.5%, 30% in the previous 24 hours\)/);
});

test("a day of cancelled jobs alone is neither good nor bad", () => {
  assert.deepEqual(
    [say({ ended: 2, cancelled: 2 }).tone, say({ ended: 2, cancelled: 2 }).text],
    ["calm", "Nothing runs now, and 2 jobs were cancelled in the last 24 hours."],
  );
});

test("each number of jobs in the verdict leads to their list", () => {
  const { parts } = say({ ended: 9, failed: 5, partial: 1, stalled: 2 });
  assert.deepEqual(
    parts.filter(({ filters }) => filters).map(({ text, filters }) => [text, filters]),
    [
      ["5 of 9 jobs failed", { result: "failed,timed_out", ended_from: SINCE }],
      ["1 job ended partial", { result: "partial", ended_from: SINCE }],
      ["2 jobs stalled", { status: "stalled" }],
    ],
  );
});

test("a number of stalled jobs that is not known is no alarm", () => {
  assert.equal(say({ running: 3, stalled: null }).tone, "good");
});

test("totals are words, without those that are nought", () => {
  assert.deepEqual(totalsParts({ running: 2, failed: 0, succeeded: 1200 }, format), [
    { text: "2 running", filters: { status: "running" } },
    { text: "1,200 succeeded", filters: { result: "succeeded" } },
  ]);
  assert.deepEqual(totalsParts({}, format), []);
});

test("figures of the wrong kind count as nought, failures include what timed out", () => {
  const { totals } = readOverview({ totals: { running: "many", failed: 2, timed_out: 1 } });
  assert.equal(totals.running, 0);
  assert.equal(totals.failed, 3);
  assert.equal(totals.stalled, null);
});

test("a longer period is told as what it is", () => {
  const figures = { ...FIGURES, ended: 8, failed: 2, error_rate: 0.25, previous: { error_rate: 0.5 } };
  assert.equal(
    verdictOf(figures, SINCE, format, periodWords("7d")).text,
    "2 of 8 jobs failed in the last 7 days (25%, 50% in the previous 7 days).",
  );
  assert.equal(periodWords("nonsense"), periodWords("24h"));
});

test("a sum is compared with that of the previous period", () => {
  const words = periodWords("24h");
  const texts = [[112, 100], [88, 100], [100, 100], [5, 0], [0, 0], [0, 9]].map(([now, before]) =>
    changeText(now, before, words, format),
  );
  assert.deepEqual(texts, [
    "+12% from the previous 24 hours",
    "−12% from the previous 24 hours",
    "as in the previous 24 hours",
    "none in the previous 24 hours",
    "",
    "−100% from the previous 24 hours",
  ]);
});

test("an error's own name stands before where it is from", () => {
  assert.equal(errorName("openai.errors.RateLimitError"), "RateLimitError (openai.errors)");
  for (const plain of ["Boom", "", "a b.c", "<b>.x", "Ends."]) {
    assert.equal(errorName(plain), plain);
  }
});

test("a day of the calendar is a span of moments, and comes back from the address", () => {
  const berlin = "Europe/Berlin";
  for (const isEnd of [false, true]) {
    assert.equal(dayOf(momentOf("2026-03-29", isEnd, berlin), isEnd, berlin), "2026-03-29");
    assert.equal(momentOf("", isEnd, berlin), "");
    assert.equal(dayOf("nonsense", isEnd, berlin), "");
  }
  const hours = (day, zone) =>
    (Date.parse(momentOf(day, true, zone)) - Date.parse(momentOf(day, false, zone))) / 3_600_000;
  assert.deepEqual(
    [hours("2026-11-22", berlin), hours("2026-10-25", berlin), hours("2026-03-29", berlin)],
    [24, 25, 23],
  );
  assert.equal(hours("2026-11-01", "America/New_York"), 25);
});

test("clients stand by their error rate, or by how far it moved; those without one stand last", () => {
  const client = (name, rate, before) => ({ name, error_rate: rate, previous: { error_rate: before } });
  const clients = [
    client("none", null, 0.5),
    client("fell", 0.1, 0.9),
    client("same", 0.4, 0.4),
    client("rose", 0.7, 0.2),
    client("new", 1, null),
    client("calm", 0, 0),
  ];
  const names = (order) => inOrder(clients, order).map(({ name }) => name);
  assert.deepEqual(names(""), clients.map(({ name }) => name));
  assert.deepEqual(names("constructor"), names(""));
  assert.deepEqual(names("rate"), ["new", "rose", "same", "fell", "calm", "none"]);
  assert.deepEqual(names("change"), ["fell", "rose", "same", "calm", "none", "new"]);
});
