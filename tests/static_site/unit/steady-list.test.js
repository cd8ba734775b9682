import assert from "node:assert/strict";
import { test } from "node:test";

import { steady } from "../../../static_site/views/list-view.js";

const of = (...ids) => ids.map((id) => ({ id }));
const see = (shown, items) => {
  const { rows, arrived, gone } = steady(of(...shown), of(...items), ({ id }) => id);
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
