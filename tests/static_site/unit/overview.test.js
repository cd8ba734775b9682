import assert from "node:assert/strict";
import { test } from "node:test";

import { totalsText } from "../../../static_site/components/figures/totals-bar.js";
import { dayOf, momentOf } from "../../../static_site/components/lists/filter-form.js";
import { createOverviewFeed } from "../../../static_site/feeds/overview-feed.js";
import { createFormat } from "../../../static_site/lib/format.js";
import { readOverview } from "../../../static_site/lib/shapes.js";
import { verdictOf } from "../../../static_site/lib/verdict.js";

const NOW = Date.parse("2026-11-22T10:30:00Z");
const SIGNAL = new AbortController().signal;
const format = createFormat({ locale: "en-GB", timeZone: "UTC" });
const FIGURES = { running: 0, stalled: 0, failed: 0, ended: 0, created: 0 };
const say = (figures) => verdictOf({ ...FIGURES, ...figures }, format);

test("the verdict names what is wrong, and only that", () => {
  assert.deepEqual(say({}).tone, "calm");
  assert.deepEqual(say({ ended: 4 }).tone, "good");
  assert.match(say({ running: 1 }).text, /All is well: 1 job running/);
  assert.deepEqual(say({ running: 3, stalled: 2 }).tone, "warn");
  assert.match(say({ failed: 5, ended: 9 }).text, /^5 jobs failed/);
  assert.match(say({ failed: 1, stalled: 2 }).text, /^1 job failed .* 2 jobs stalled/);
});

test("a number of stalled jobs that is not known is no alarm", () => {
  assert.equal(say({ running: 3, stalled: null }).tone, "good");
});

test("totals are words, without those that are nought", () => {
  assert.equal(totalsText({ running: 2, failed: 0, succeeded: 1200 }, format), "2 running · 1,200 succeeded");
  assert.equal(totalsText({}, format), "no jobs yet");
});

test("figures of the wrong kind count as nought, failures include what timed out", () => {
  const { totals } = readOverview({ totals: { running: "many", failed: 2, timed_out: 1 } });
  assert.equal(totals.running, 0);
  assert.equal(totals.failed, 3);
  assert.equal(totals.stalled, null);
});

test("jobs are asked for again only when the figures have moved", async () => {
  let tag = 1;
  const asked = [];
  const since = [];
  const api = {
    async get(path, { etag, query }) {
      asked.push(path);
      if (query.result) {
        since.push(query.ended_from);
      }
      return path === "/overview"
        ? { changed: etag !== tag, etag: tag, body: {} }
        : { changed: true, etag: null, body: { items: [] } };
    },
  };
  const feed = createOverviewFeed(api, () => NOW);
  assert.equal(feed.data(), null);
  await feed.ask(SIGNAL);
  assert.equal(asked.length, 4);
  await feed.ask(SIGNAL);
  assert.equal(asked.length, 5);
  tag = 2;
  await feed.ask(SIGNAL);
  assert.equal(asked.length, 9);
  assert.deepEqual(feed.data().attention, []);
  assert.deepEqual(since, Array(2).fill("2026-11-21T10:00:00.000Z"), "as the figures are counted");
});

test("a day of the calendar is a span of moments, and comes back from the address", () => {
  for (const isEnd of [false, true]) {
    assert.equal(dayOf(momentOf("2026-03-29", isEnd), isEnd), "2026-03-29");
    assert.equal(momentOf("", isEnd), "");
    assert.equal(dayOf("nonsense", isEnd), "");
  }
  const span = Date.parse(momentOf("2026-11-22", true)) - Date.parse(momentOf("2026-11-22", false));
  assert.equal(span, 86_400_000);
});
