import assert from "node:assert/strict";
import { test } from "node:test";

import { createPoll, delaySeconds } from "../../../static_site/feeds/polling.js";
import { Unavailable } from "../../../static_site/lib/problems.js";
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
  const world = { hidden: false, live: false, asked: 0 };
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
    isLive: () => world.live,
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

/** Let time pass second by second, and tell at which seconds something was asked. */
async function secondsOfQuestions({ clock, world }, seconds) {
  const asked = [];
  for (let second = 1; second <= seconds; second += 1) {
    const before = world.asked;
    await clock.advance(1000);
    if (world.asked > before) {
      asked.push(second);
    }
  }
  return asked;
}

test("the pace follows what the answers say: quick while jobs run, slow when none does", async () => {
  const idle = { busy: false };
  const example = createExample({ answers: [{ busy: true }, { busy: true }, idle, idle] });
  example.poll.start();
  await settled();
  assert.deepEqual(await secondsOfQuestions(example, 30), [3, 6, 16, 26, 29]);
});

test("failures spread the questions out, and one answer brings the pace back", async () => {
  const no = () => new Unavailable("no");
  const example = createExample({ answers: [no(), no(), no(), no(), { busy: true }] });
  example.poll.start();
  await settled();
  assert.deepEqual(await secondsOfQuestions(example, 54), [3, 9, 21, 45, 48, 51, 54]);
});

test("no two readers come back at once after a failure they share", async () => {
  const examples = [0, 0.999].map((chance) => {
    const example = createExample({ answers: [new Unavailable("no")] });
    example.clock.random = () => chance;
    return example;
  });
  const next = examples.map(async (example) => {
    example.poll.start();
    await settled();
    return example.clock.waiting()[0];
  });
  assert.deepEqual((await Promise.all(next)).map(Math.round), [2250, 3749]);
});

test("an API that names a time is not asked before it", async () => {
  const example = createExample({ answers: [new Unavailable("busy", 40)] });
  example.poll.start();
  await settled();
  assert.deepEqual(await secondsOfQuestions(example, 44), [40, 43]);
});

test("hidden pages ask once a minute, also after failures", async () => {
  const example = createExample({ answers: [{ busy: true }, new Unavailable("no")] });
  example.world.hidden = true;
  example.poll.start();
  await settled();
  assert.deepEqual(await secondsOfQuestions(example, 180), [60, 120, 180]);
});

test("whoever comes back or online in the middle of a wait has an answer at once", async () => {
  const example = createExample({ answers: Array.from({ length: 5 }, () => new Unavailable("no")) });
  example.poll.start();
  await settled();
  await secondsOfQuestions(example, 22); // the next question is due at 45
  const before = example.world.asked;
  example.poll.hurry();
  await settled();
  assert.equal(example.world.asked, before + 1);
  assert.equal(example.clock.waiting().length, 1);
});

test("where the ledger tells of changes, it is asked at once, once more, and then seldom", async () => {
  const { poll, clock, world } = createExample({ answers: [] });
  world.live = true;
  poll.start();
  await settled();
  assert.deepEqual(clock.waiting(), [300_000]);
  await clock.advance(60_000);
  poll.hear();
  await clock.advance(0);
  await settled();
  assert.equal(world.asked, 2);
  assert.deepEqual(clock.waiting(), [10_000]);
  await clock.advance(10_000);
  await settled();
  assert.equal(world.asked, 3);
  assert.deepEqual(clock.waiting(), [300_000]);
});

test("however often the ledger tells, it is asked once a second", async () => {
  const { poll, clock, world } = createExample({ answers: [] });
  world.live = true;
  poll.start();
  await settled();
  for (let round = 0; round < 40; round += 1) {
    poll.hear();
    await clock.advance(100);
    await settled();
  }
  assert.equal(world.asked, 5);
});

test("what is told while a question is under way is asked for after it", async () => {
  const { poll, clock, world } = createExample({ answers: [] });
  world.live = true;
  poll.start();
  poll.hear();
  await settled();
  assert.deepEqual(clock.waiting(), [1_000]);
  await clock.advance(1_000);
  await settled();
  assert.equal(world.asked, 2);
});

test("a hidden page asks no more than once a minute, whatever is told", async () => {
  const { poll, clock, world } = createExample({ answers: [] });
  world.live = true;
  world.hidden = true;
  poll.start();
  await settled();
  assert.deepEqual(clock.waiting(), [300_000]);
  poll.hear();
  await clock.advance(59_000);
  assert.equal(world.asked, 1);
  await clock.advance(1_000);
  await settled();
  assert.equal(world.asked, 2);
});

test("where nobody tells any more, asking goes on as before", async () => {
  const { poll, clock, world } = createExample({ answers: [] });
  world.live = true;
  poll.start();
  await settled();
  world.live = false;
  poll.hurry();
  await settled();
  assert.deepEqual(clock.waiting(), [3_000]);
});
