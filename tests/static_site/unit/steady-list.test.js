import assert from "node:assert/strict";
import { test } from "node:test";

import { inPlace } from "../../../static_site/components/job/job-lines.js";
import { steady } from "../../../static_site/components/lists/steady-list.js";

const of = (...ids) => ids.map((id) => ({ id }));
const see = (shown, items, hasMore = false) => {
  const { rows, arrived, gone } = steady(of(...shown), of(...items), ({ id }) => id, hasMore);
  return [rows.map(({ id, isGone }) => (isGone ? `-${id}` : id)).join(""), arrived, gone];
};

test("a list that is shown for the first time is shown as it is", () => {
  assert.deepEqual(see("", "abc"), ["abc", 0, 0]);
});

test("what comes before the end waits, what comes after it is there", () => {
  assert.deepEqual(see("bd", "abcdef"), ["bdef", 2, 0]);
});

test("what has gone keeps its place, and nothing changes places", () => {
  assert.deepEqual(see("abcd", "dab"), ["ab-cd", 0, 1]);
});

test("when nothing of it is left, there is nothing to keep in place", () => {
  assert.deepEqual(see("abc", "xy"), ["xy", 0, 0]);
  assert.deepEqual(see("abc", ""), ["", 0, 0]);
});

test("what is there is as new as it can be", () => {
  const { rows } = steady([{ id: 1, at: 1 }], [{ id: 1, at: 2 }], ({ id }) => id);
  assert.deepEqual(rows, [{ id: 1, at: 2 }]);
});

test("what a page has no more room for has not gone", () => {
  assert.deepEqual(see("abcd", "nac", true), ["a-bcd", 1, 1]);
  assert.deepEqual(see("abcd", "nac", false), ["a-bc-d", 1, 2]);
});

test("in a short list what is new takes the place of what has gone", () => {
  const jobs = (ids) => [...ids].map((job_id) => ({ job_id }));
  const places = (shown, now) =>
    inPlace(jobs(shown), jobs(now)).map(({ job_id }) => job_id).join("");
  assert.equal(places("abc", "nabc"), "abcn");
  assert.equal(places("abc", "nac"), "anc");
  assert.equal(places("abc", "ac"), "ac");
});
