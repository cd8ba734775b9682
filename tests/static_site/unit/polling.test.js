import assert from "node:assert/strict";
import { test } from "node:test";

import { Unavailable } from "../../../static_site/lib/errors.js";
import { createPoll, delaySeconds } from "../../../static_site/lib/polling.js";
import { manualClock, settled } from "./builders.js";

const CALM = { busy: true, hidden: false, failures: 0, retryAfterSeconds: null, random: 0.5 };

test("running jobs are asked for often, idle ones less, hidden ones seldom", () => {
  const [busy, idle, hidden] = [
    delaySeconds(CALM),
    delaySeconds({ ...CALM, busy: false }),
    delaySeconds({ ...CALM, hidden: true }),
  ];
  assert.ok(busy <= 5);
  assert.ok(busy < idle);
  assert.ok(idle < hidden);
});

test("failures back off, each reader a little differently, and never beyond a minute and a half", () => {
  const delays = [1, 2, 3, 4, 5, 50].map((failures) => delaySeconds({ ...CALM, failures }));
  assert.deepEqual(delays, [3, 6, 12, 24, 48, 60]);
  assert.ok(delaySeconds({ ...CALM, failures: 50, random: 1 }) <= 90);
  assert.notEqual(
    delaySeconds({ ...CALM, failures: 1, random: 0 }),
    delaySeconds({ ...CALM, failures: 1, random: 1 }),
  );
});

test("what the API asks for is kept", () => {
  assert.equal(delaySeconds({ ...CALM, failures: 1, retryAfterSeconds: 120 }), 120);
});

/** A poll whose answers are given by the test. */
function createExample({ answers, isFinal = () => false }) {
  const clock = manualClock();
  const paces = [];
  const world = { hidden: false, asked: 0 };
  const poll = createPoll({
    async ask() {
      world.asked += 1;
      const answer = answers.shift() ?? { busy: true };
      if (answer instanceof Error) {
        throw answer;
      }
      return answer;
    },
    isHidden: () => world.hidden,
    clock,
    isFinal,
    onPace: (pace) => paces.push(pace),
  });
  return { poll, clock, paces, world };
}

test("the data keeps its age over failures, and is young again after an answer", async () => {
  const { poll, clock, paces } = createExample({
    answers: [{ busy: true }, new Unavailable("no"), { busy: true }],
  });
  poll.start();
  await settled();
  await clock.advance(3000);
  await clock.advance(3000);
  assert.deepEqual(
    paces.map(({ asOf, error }) => [asOf, error?.message]),
    [
      [0, undefined],
      [0, "no"],
      [6000, undefined],
    ],
  );
});

test("after a final error nothing is asked until somebody wants it", async () => {
  const { poll, clock, world } = createExample({
    answers: [new Error("over")],
    isFinal: () => true,
  });
  poll.start();
  await settled();
  await clock.advance(1_000_000);
  assert.equal(world.asked, 1);
  poll.hurry();
  await settled();
  assert.equal(world.asked, 2);
});

test("hidden it slows down, and on return it asks at once", async () => {
  const { poll, clock, world } = createExample({ answers: [] });
  poll.start();
  await settled();
  world.hidden = true;
  poll.relax();
  await clock.advance(59_000);
  assert.equal(world.asked, 1);
  world.hidden = false;
  poll.hurry();
  await settled();
  assert.equal(world.asked, 2);
});

test("there is one question at a time, and none after the stop", async () => {
  const { poll, clock, world } = createExample({ answers: [] });
  poll.start();
  poll.hurry();
  poll.hurry();
  await settled();
  assert.equal(world.asked, 1);
  poll.stop();
  poll.hurry();
  await clock.advance(1_000_000);
  assert.equal(world.asked, 1);
  assert.deepEqual(clock.waiting(), []);
});
