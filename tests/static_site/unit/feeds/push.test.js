import assert from "node:assert/strict";
import { test } from "node:test";

import { createPush } from "../../../../static_site/feeds/push.js";
import { manualClock, settled } from "../builders.js";

/** A push whose sockets, clock and session the test plays. */
function createExample({ expiresAt = 3_600_000 } = {}) {
  const clock = manualClock();
  const world = { sockets: [], live: [], news: 0, token: "token-1", expiresAt };
  const push = createPush({
    open() {
      const socket = { sent: [], isClosed: false, send: (text) => socket.sent.push(JSON.parse(text)) };
      socket.close = () => {
        socket.isClosed = true;
      };
      world.sockets.push(socket);
      return socket;
    },
    session: {
      async accessToken() {
        if (world.token === null) {
          throw new Error("there is no session");
        }
        return world.token;
      },
      expiresAt: () => world.expiresAt,
    },
    clock,
    onNews: () => (world.news += 1),
    onLive: (isLive) => world.live.push(isLive),
  });
  return { push, clock, world, last: () => world.sockets.at(-1) };
}

async function joined(example) {
  example.last().onopen();
  await settled();
  example.last().onmessage({ data: '{"joined":1}' });
}

test("a page is live once the ledger has taken it in, and hears from then on", async () => {
  const example = createExample();
  const { push, world, last } = example;
  push.start();
  last().onmessage({ data: '{"version":1}' });
  assert.deepEqual([world.live, world.news], [[], 0]);
  await joined(example);
  assert.deepEqual(last().sent, [{ action: "join", token: "token-1" }]);
  last().onmessage({ data: '{"version":2}' });
  assert.deepEqual([world.live, world.news], [[true], 1]);
});

test("what can't be read is no news", async () => {
  const example = createExample();
  example.push.start();
  await joined(example);
  for (const data of ["", "null", "3", "{", '{"message":"Forbidden"}', new ArrayBuffer(1)]) {
    example.last().onmessage({ data });
  }
  assert.equal(example.world.news, 0);
});

test("a socket that is cut ends being live at once, and another is tried for after a pause", async () => {
  const example = createExample();
  const { push, clock, world, last } = example;
  push.start();
  await joined(example);
  const first = last();
  first.onclose();
  assert.deepEqual(world.live, [true, false]);
  assert.equal(world.sockets.length, 1);
  await clock.advance(2_000);
  assert.equal(world.sockets.length, 2);
  first.onmessage({ data: '{"version":3}' });
  assert.equal(world.news, 0);
  await joined(example);
  assert.deepEqual(world.live, [true, false, true]);
});

test("pauses grow up to a minute while sockets fail, and begin anew after a good one", async () => {
  const { push, clock, world, last } = createExample();
  push.start();
  const pauses = [];
  for (let round = 0; round < 8; round += 1) {
    last().onclose();
    pauses.push(clock.waiting()[0]);
    await clock.advance(pauses.at(-1));
  }
  assert.deepEqual(pauses, [2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
  await joined({ last, push });
  await clock.advance(70_000);
  last().onclose();
  assert.deepEqual(clock.waiting(), [2_000]);
  assert.deepEqual(world.live, [true, false]);
});

test("a socket that never answers is given up", async () => {
  const { push, clock, world, last } = createExample();
  push.start();
  last().onopen();
  await settled();
  await clock.advance(10_000);
  assert.equal(last().isClosed, true);
  assert.deepEqual(world.live, []);
});

test("a page joins again every few minutes, and is given up for dead without an answer", async () => {
  const example = createExample();
  const { push, clock, world, last } = example;
  push.start();
  await joined(example);
  world.token = "token-2";
  await clock.advance(240_000);
  await settled();
  assert.deepEqual(last().sent[1], { action: "join", token: "token-2" });
  await clock.advance(10_000);
  assert.deepEqual(world.live, [true, false]);
  assert.equal(last().isClosed, true);
});

test("a token that is about to expire is replaced in time", async () => {
  const example = createExample({ expiresAt: 180_000 });
  const { push, clock, world, last } = example;
  push.start();
  await joined(example);
  world.token = "token-2";
  await clock.advance(100_000);
  await settled();
  assert.deepEqual(last().sent[1], { action: "join", token: "token-2" });
});

test("who comes back looks at once whether the other end is there", async () => {
  const example = createExample();
  const { push, world, last } = example;
  push.check();
  assert.equal(world.sockets.length, 0);
  push.start();
  await joined(example);
  push.check();
  await settled();
  assert.equal(last().sent.length, 2);
  last().onclose();
  push.check();
  assert.equal(world.sockets.length, 2);
});

test("after the end of a session no socket is left, and none is opened", async () => {
  const example = createExample();
  const { push, clock, world, last } = example;
  push.start();
  await joined(example);
  push.stop();
  assert.equal(last().isClosed, true);
  last().onclose();
  await clock.advance(600_000);
  assert.equal(world.sockets.length, 1);
  push.start();
  assert.equal(world.sockets.length, 2);
});

test("a page without a session lets its socket go", async () => {
  const { push, world, last } = createExample();
  world.token = null;
  push.start();
  last().onopen();
  await settled();
  assert.equal(last().isClosed, true);
});
