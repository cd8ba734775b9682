import assert from "node:assert/strict";
import { test } from "node:test";

import {
  EMPTY_LIST,
  anyRunning,
  keepingOlder,
  liveLimit,
  withMiddle,
  withNewest,
  withOlder,
} from "../../../static_site/feeds/job-list-feed.js";
import { createSortedFeed, firstBy } from "../../../static_site/feeds/sorted-feed.js";
import { askedRange, ofAnyTime, rangeText } from "../../../static_site/components/lists/asked-range.js";
import { createFormat } from "../../../static_site/lib/format.js";
import { job } from "./builders.js";

const at = (minute) => `2026-11-22T10:${String(minute).padStart(2, "0")}:00Z`;
const jobs = (...minutes) => minutes.map((minute) => job(`j${minute}`, at(minute)));
const page = (items, cursor = null) => ({ items, next_cursor: cursor, covers_from: null });
const ids = (list) => list.jobs.map(({ job_id }) => job_id);

test("jobs of almost the same time stay in the API's order, however many digits it writes", () => {
  const whole = job("a", "2026-11-22T10:00:00Z");
  const later = job("b", "2026-11-22T10:00:00.000001Z");
  const latest = job("c", "2026-11-22T10:00:00.1Z");
  let list = keepingOlder(withNewest(EMPTY_LIST, page([later], "b")));
  list = withNewest(withOlder(list, page([whole])), page([latest, later], "b"));
  assert.deepEqual(ids(list), ["c", "b", "a"]);
});

test("the newest page is the list while no older one was asked for", () => {
  const first = withNewest(EMPTY_LIST, page(jobs(3, 2), "c2"));
  const next = withNewest(first, page(jobs(4, 3), "c3"));
  assert.deepEqual(ids(next), ["j4", "j3"]);
  assert.equal(next.endCursor, "c3");
});

test("older pages stay while new jobs arrive, with no gap and no repeat", () => {
  let list = keepingOlder(withNewest(EMPTY_LIST, page(jobs(9, 8), "c8")));
  list = withNewest(list, page(jobs(11, 10), "c10"));
  list = withOlder(list, page(jobs(7, 6), "c6"));
  assert.deepEqual(ids(list), ["j11", "j10", "j9", "j8", "j7", "j6"]);
  assert.equal(list.endCursor, "c6");
});

test("a job that the page no longer has is gone from the span of the page alone", () => {
  let list = keepingOlder(withNewest(EMPTY_LIST, page(jobs(9, 8, 7), "c7")));
  list = withOlder(list, page(jobs(6, 5)));
  list = withNewest(list, page(jobs(9, 7), "c7"));
  assert.deepEqual(ids(list), ["j9", "j7", "j6", "j5"]);
});

test("a page that reaches the end is the end of the list", () => {
  let list = keepingOlder(withNewest(EMPTY_LIST, page(jobs(9, 8), "c8")));
  list = withOlder(list, page(jobs(7)));
  assert.equal(list.endCursor, null);
  list = withNewest(list, page(jobs(10, 9), "c9"));
  assert.equal(list.endCursor, null);
  assert.deepEqual(ids(list), ["j10", "j9", "j8", "j7"]);
  list = withNewest(list, page(jobs(10)));
  assert.deepEqual(ids(list), ["j10"]);
});

test("an empty page with a cursor leaves everything as it is and goes further back", () => {
  let list = withNewest(EMPTY_LIST, page([], "c1"));
  assert.deepEqual([ids(list), list.endCursor, list.loaded], [[], "c1", true]);
  list = withOlder(keepingOlder(list), page(jobs(3), "c2"));
  assert.deepEqual([ids(list), list.endCursor], [["j3"], "c2"]);
});

test("a job whose time changed is there once, in its new place", () => {
  const list = withNewest(EMPTY_LIST, page(jobs(9, 8, 7), "c7"));
  const earlier = job("j9", at(5));
  const next = withOlder(keepingOlder(list), page([earlier], null));
  assert.deepEqual(ids(next), ["j8", "j7", "j9"]);
});

test("a page of the middle brings its span up to date and adds nothing beyond the end", () => {
  let list = keepingOlder(withNewest(EMPTY_LIST, page(jobs(9, 8), "c8")));
  list = withOlder(list, page(jobs(7, 6, 5), "c5"));
  const middle = page([job("j7", at(7), { status: "running" }), ...jobs(5, 4)], "c4");
  const next = withMiddle(list, middle, "j8");
  assert.deepEqual(ids(next), ["j9", "j8", "j7", "j5"]);
  assert.equal(next.jobs[2].status, "running");
});

test("the newest page grows with the list, as far as a page may", () => {
  const many = Array.from({ length: 60 }, (_, index) => job(`j${index}`, at(index)));
  const list = withNewest(EMPTY_LIST, page(many.reverse(), "c"));
  assert.equal(liveLimit(list), 50);
  assert.equal(liveLimit(keepingOlder(list)), 100);
  const most = { ...keepingOlder(list), jobs: Array.from({ length: 900 }, () => many[0]) };
  assert.equal(liveLimit(most), 200);
});

test("stalled and completed jobs keep nobody busy", () => {
  assert.equal(anyRunning([job("a", at(1)), job("b", at(2), { status: "running", stalled: true })]), false);
  assert.equal(anyRunning([job("c", at(3), { status: "queued" })]), true);
});

const NEVER = new AbortController().signal;

/** A job with a duration in seconds and a cost. */
function measured(jobId, duration, cost) {
  const counters = cost === null ? {} : { cost_microusd: cost };
  const at = "2026-11-22T10:00:00.000000Z";
  return job(jobId, at, { duration_seconds: duration, counters, attempts: [], tags: {} });
}

/** An API whose pages have these jobs, each page with the first of a stretch of time. */
function pagesOf(...pages) {
  const asked = [];
  return {
    asked,
    async get(path, { query }) {
      asked.push(query);
      const at = Number(query.cursor ?? 0);
      const next = at + 1 < pages.length ? String(at + 1) : null;
      const covers = { from: `2026-11-${20 - at}T00:00:00Z`, to: null };
      return { changed: true, etag: null, body: { items: pages[at], next_cursor: next, covers } };
    },
  };
}

const idsOf = (jobs) => jobs.map(({ job_id }) => job_id);

test("the longest and the dearest come first, and those without a value last", () => {
  const jobs = [measured("a", 3, null), measured("b", null, -5), measured("c", 9, 7), measured("d", 9, 0)];
  assert.deepEqual(idsOf(firstBy("duration", jobs, 9)), ["d", "c", "a", "b"]);
  assert.deepEqual(idsOf(firstBy("cost", jobs, 9)), ["c", "d", "b", "a"]);
  assert.deepEqual(idsOf(firstBy("cost", [...jobs, measured("b", 1, 99)], 2)), ["b", "c"]);
});

test("all pages are looked through before a list is shown, and how far is told meanwhile", async () => {
  const api = pagesOf([measured("a", 1, 1)], [measured("b", 5, 5)], [measured("c", 3, 3)]);
  const told = [];
  const feed = createSortedFeed(api, () => 0, () => told.push(feed.list()));
  feed.reset({ sort: "duration" });
  await feed.askNewest(NEVER);

  assert.deepEqual(idsOf(feed.list().jobs), ["b", "c", "a"]);
  assert.deepEqual([feed.list().endCursor, feed.isAskingOlder()], [null, false]);
  assert.deepEqual(told.map((list) => [list.jobs, list.coversFrom.slice(0, 10)]), [
    [[], "2026-11-20"], [[], "2026-11-19"],
  ]);
  assert.deepEqual(api.asked.map(({ sort, limit }) => [sort, limit]), Array(3).fill(["duration", 50]));
});

test("what takes several pages is looked through again after a minute, one page every time", async () => {
  for (const [pages, again] of [[2, 2], [1, 3]]) {
    let now = 0;
    const api = pagesOf(...Array.from({ length: pages }, (_, at) => [measured(`j${at}`, at, at)]));
    const feed = createSortedFeed(api, () => now, () => {});
    feed.reset({ sort: "cost" });
    for (now of [0, 30_000, 61_000]) {
      await feed.askNewest(NEVER);
    }
    assert.equal(api.asked.length, pages * again);
  }
});

const NOW = Date.parse("2026-11-22T10:30:00Z");
const format = createFormat({ locale: "en-GB", timeZone: "Europe/Berlin" });
const ask = (filters) => askedRange(filters, NOW, format);

test("a time range that can be is asked for as it is, and nothing is said", () => {
  for (const filters of [
    {},
    { from: "2010-01-01T00:00:00Z", to: "2010-01-02T00:00:00Z" },
    { from: "2026-11-01T00:00:00Z", to: "2030-01-01T00:00:00Z" },
    { from: "nonsense", to: "2026-11-01T00:00:00Z" },
    { ended_from: "2026-11-01T00:00:00Z" },
  ]) {
    assert.deepEqual(ask(filters), { filters, note: "" });
  }
});

test("days in the wrong order are turned round, both included, and both are told", () => {
  const { filters, note } = ask({ from: "2026-10-25T23:00:00Z", to: "2026-10-24T22:00:00Z", q: "a" });
  assert.deepEqual(filters, { from: "2026-10-23T22:00:00Z", to: "2026-10-26T23:00:00Z", q: "a" });
  assert.equal(
    note,
    "You asked for jobs created 26 Oct, 00:00 – 25 Oct, 00:00, which ends before it begins: " +
      "24 Oct, 00:00 – 27 Oct, 00:00 is shown.",
  );
  const plain = ask({ ended_from: "2026-11-20T10:00:00Z", ended_to: "2026-11-20T09:00:00Z" });
  assert.deepEqual(plain.filters, { ended_from: "2026-11-20T09:00:00Z", ended_to: "2026-11-20T10:00:00Z" });
});

test("what has not come yet is told, and jobs of any time are asked for", () => {
  const { filters, note } = ask({ from: "2030-05-02T22:00:00Z", to: "2030-05-03T22:00:00Z", q: "a" });
  assert.deepEqual(filters, { from: "", to: "", q: "a" });
  assert.match(note, /created 3 May 2030, 00:00 – 4 May 2030, 00:00, which has not come yet: jobs of any time/);
  assert.equal(ask({ from: "2030-05-02T22:00:00Z" }).filters.from, "");
});

test("an empty list says which time was asked for, and leads to any time", () => {
  const filters = { from: "2010-01-01T00:00:00Z", q: "a", ended_to: "2011-01-01T00:00:00Z" };
  assert.equal(
    rangeText(filters, NOW, format),
    "created since 1 Jan 2010, 01:00, ended before 1 Jan 2011, 01:00",
  );
  assert.deepEqual(ofAnyTime(filters), { q: "a" });
  assert.equal(rangeText({ q: "a" }, NOW, format), "");
});
