import assert from "node:assert/strict";
import { test } from "node:test";

import { createJobPageFeed } from "../../../static_site/feeds/job-page-feed.js";
import { BadQuery, Forbidden, Unavailable } from "../../../static_site/lib/problems.js";

const NEVER = new AbortController().signal;
const TIME = "2026-11-22T10:00:00Z";
const entries = (...ids) => ids.map((id) => ({ event_id: id, occurred_at: TIME }));
const ids = (feed) => feed.history().items.map(({ event_id }) => event_id);

/** A feed of one job, whose entries answer by cursor; an error is thrown in their place. */
function createExample(pages) {
  const world = { job: { job_id: "a/b", created_at: TIME }, pages, asked: [] };
  const feed = createJobPageFeed(
    {
      async get(path, { query, etag } = {}) {
        world.asked.push(path);
        world.onAsk?.(path, query);
        if (path === "/jobs") {
          return { changed: true, etag: null, body: { items: world.children ?? [] } };
        }
        if (!path.endsWith("/entries")) {
          const tag = JSON.stringify(world.job);
          return { changed: tag !== etag, etag: tag, body: world.job };
        }
        const body = world.pages[query.cursor ?? ""];
        if (body instanceof Error) {
          throw body;
        }
        return { changed: true, etag: null, body };
      },
    },
    "a/b",
  );
  return { feed, world };
}

test("the history is asked for only when the job has changed", async () => {
  const { feed, world } = createExample({ "": { items: entries("e1"), next_cursor: null } });
  await feed.ask(NEVER);
  await feed.ask(NEVER);
  assert.deepEqual(world.asked.filter((path) => path.endsWith("/entries")).length, 1);
  world.job = { ...world.job, last_seen_at: TIME };
  world.pages[""].items.push(...entries("e2"));
  await feed.ask(NEVER);
  assert.deepEqual(ids(feed), ["e1", "e2"]);
});

test("a history that can't be had leaves the job, and is asked for again", async () => {
  const { feed, world } = createExample({ "": new Unavailable("no") });
  await feed.ask(NEVER);
  assert.equal(feed.job().job_id, "a/b");
  assert.equal(feed.isHistoryRight(), false);
  world.pages[""] = { items: entries("e1"), next_cursor: null };
  await feed.ask(NEVER);
  assert.deepEqual(ids(feed), ["e1"]);
  assert.equal(feed.isHistoryRight(), true);
});

test("the end of the session is not kept quiet", async () => {
  const { feed } = createExample({ "": new Forbidden("no group") });
  await assert.rejects(feed.ask(NEVER), Forbidden);
});

test("a cursor that is no longer good begins the history again", async () => {
  const { feed, world } = createExample({
    "": { items: entries("e1"), next_cursor: "c1" },
    c1: { items: entries("e2"), next_cursor: null },
  });
  await feed.ask(NEVER);
  await feed.askMore();
  assert.deepEqual(ids(feed), ["e1", "e2"]);
  world.job = { ...world.job, last_seen_at: TIME };
  world.pages = {
    "": { items: entries("x1"), next_cursor: "c1", order: "event_id" },
    c1: new BadQuery("too long by now", "cursor"),
  };
  await feed.ask(NEVER);
  assert.deepEqual(ids(feed), ["x1"]);
  assert.equal(feed.history().order, "event_id");
});

test("what a job has started is asked for by its id, and kept up to date", async () => {
  const { feed, world } = createExample({ "": { items: [], next_cursor: null } });
  await feed.ask(NEVER);
  assert.deepEqual(feed.children().items, []);
  world.children = [{ job_id: "part-1", created_at: TIME }];
  await feed.ask(NEVER);
  assert.equal(feed.children().items[0].job_id, "part-1");
});

test("the newest events are asked for first, and the parts by their whole", async () => {
  const { feed, world } = createExample({ "": { items: entries("e2", "e1"), next_cursor: null } });
  const queries = [];
  world.onAsk = (path, query) => queries.push([path, query]);
  await feed.ask(NEVER);
  const of = (path) => queries.find(([asked]) => asked === path)[1];
  assert.equal(of("/jobs/a%2Fb/entries").order, "newest");
  assert.equal(of("/jobs").parent_job_id, "a/b");
});
