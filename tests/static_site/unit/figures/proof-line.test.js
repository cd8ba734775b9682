import assert from "node:assert/strict";
import { test } from "node:test";

import { proofWords } from "../../../../static_site/components/figures/proof-line.js";
import { createFormat } from "../../../../static_site/lib/format.js";
import { readProof } from "../../../../static_site/lib/view-shapes.js";

const NOW = Date.parse("2026-11-22T15:10:00Z");
const format = createFormat({ locale: "en-GB", timeZone: "UTC" });
const say = (answer, now = NOW) => proofWords(readProof(answer), now, format);
const GOOD = { proved_to: "2026-11-22T14:00:00.000000Z", judged: 18204, differences: 0 };

test("the line says until when, how many jobs, and how many differences", () => {
  assert.deepEqual(say(GOOD), {
    text: "Proved to 14:00: 0 differences in 18,204 jobs",
    isTrouble: false,
  });
  assert.equal(say({ ...GOOD, judged: 1 }).text, "Proved to 14:00: 0 differences in 1 job");
});

test("a difference, and a proof that is behind, are trouble and said plainly", () => {
  assert.deepEqual(say({ ...GOOD, differences: 1 }), {
    text: "Proved to 14:00: 1 difference in 18,204 jobs",
    isTrouble: true,
  });
  const late = say(GOOD, NOW + 6 * 3_600_000);
  assert.match(late.text, /^Proved only to 14:00, 7 h( 10 min)? behind: 0 differences in /);
  assert.equal(late.isTrouble, true);
  assert.match(say(GOOD, NOW + 24 * 3_600_000).text, /^Proved only to 22 Nov/);
});

test("where the API counts no further, there are at least so many", () => {
  assert.match(say({ ...GOOD, differences: 999 }).text, /: 999 differences in/);
  assert.match(say({ ...GOOD, differences: 1000 }).text, /: at least 1,000 differences in/);
});

test("totals that are days behind are trouble, whatever jobs were recounted", () => {
  const busy = { ...GOOD, rows_proved_to: "2026-11-22T00:00:00.000000Z" };
  assert.equal(say(busy).isTrouble, false);
  const stuck = say({ ...GOOD, rows_proved_to: "2026-11-20T00:00:00.000000Z" });
  assert.match(stuck.text, /^Proved to 14:00: 0 differences in 18,204 jobs; totals only to 20 Nov/);
  assert.equal(stuck.isTrouble, true);
});

test("what is not known, and what is not proved yet, is said", () => {
  assert.equal(proofWords(null, NOW, format).isTrouble, true);
  assert.match(proofWords(null, NOW, format).text, /not known/);
  assert.equal(say({ proved_to: null, judged: 0, differences: 0 }).text, "These figures are not proved yet.");
  const none = { text: "Nothing is proved yet: a job is proved an hour after its last event.", isTrouble: false };
  assert.deepEqual(say({ ...GOOD, judged: 0 }), none);
  assert.equal(say({ ...GOOD, judged: 0, differences: 1 }).isTrouble, true);
  assert.equal(say("no answer at all").isTrouble, false);
});
