import assert from "node:assert/strict";
import { test } from "node:test";

import { createJobFeed } from "../../../static_site/feeds/job-list-feed.js";
import { BadQuery } from "../../../static_site/lib/problems.js";
import { job, settled } from "./builders.js";

const NEVER = new AbortController().signal;

/** An API over some jobs, newest first, with cursors that are places and answers to count. */
function fakeApi(all) {
  const asked = [];
  return {
    asked,
    all,
    carried: 0,
    async get(path, { query, etag }) {
      asked.push({ ...query, etag });
      const rest = all.filter(({ job_id }) => !query.cursor || job_id < query.cursor);
      const items = rest.slice(0, query.limit);
      const tag = JSON.stringify(items);
      if (etag === tag) {
        return { changed: false, etag, body: null };
      }
      this.carried += 1;
      const next = rest.length > items.length ? items.at(-1).job_id : null;
      return { changed: true, etag: tag, body: { items, next_cursor: next, covers: {} } };
    },
  };
}

/** Jobs whose ids sort as their times do. */
function manyJobs(count, from = 0) {
  return Array.from({ length: count }, (_, index) => {
    const number = String(from + index).padStart(4, "0");
    return job(`j${number}`, `2026-11-22T10:00:00.${number}Z`);
  }).reverse();
}

const ids = (feed) => feed.list().jobs.map(({ job_id }) => job_id);

test("an answer that has not changed leaves the very same list", async () => {
  const feed = createJobFeed(fakeApi(manyJobs(3)));
  await feed.askNewest(NEVER);
  const before = feed.list();
  await feed.askNewest(NEVER);
  assert.equal(feed.list(), before);
});

test("older pages go on from the end, while new jobs arrive", async () => {
  const api = fakeApi(manyJobs(120));
  const feed = createJobFeed(api);
  await feed.askNewest(NEVER);
  api.all.unshift(...manyJobs(30, 120));
  const older = feed.askOlder();
  await feed.askNewest(NEVER);
  await older;
  await feed.askOlder();
  await feed.askNewest(NEVER);
  assert.deepEqual(ids(feed), api.all.map(({ job_id }) => job_id));
  assert.equal(feed.list().endCursor, null);
});

test("jobs beyond the newest page are brought up to date in turn", async () => {
  const api = fakeApi(manyJobs(700));
  const feed = createJobFeed(api);
  await feed.askNewest(NEVER);
  while (feed.list().jobs.length < 600) {
    await feed.askOlder();
  }
  const old = api.all.findIndex(({ job_id }) => job_id === ids(feed).at(-1));
  api.all[old] = { ...api.all[old], status: "running" };
  for (let turn = 0; turn < 3; turn += 1) {
    await feed.askNewest(NEVER);
  }
  assert.equal(feed.list().jobs.at(-1).status, "running");
  assert.equal(feed.list().jobs.length, 600);
});

test("however long the list, a poll without news carries no job", async () => {
  const api = fakeApi(manyJobs(700));
  const feed = createJobFeed(api);
  await feed.askNewest(NEVER);
  while (feed.list().jobs.length < 600) {
    await feed.askOlder();
  }
  const turns = async (count) => {
    api.carried = 0;
    for (let turn = 0; turn < count; turn += 1) {
      await feed.askNewest(NEVER);
    }
    return api.carried;
  };
  await turns(3);
  assert.equal(await turns(9), 0);
  api.all[420] = { ...api.all[420], status: "running" };
  assert.equal(await turns(3), 1);
  assert.equal(feed.list().jobs[420].status, "running");
});

test("empty pages are followed back to the first job that matches", async () => {
  const pages = [
    { items: [], next_cursor: "a", covers: {} },
    { items: [], next_cursor: "b", covers: {} },
    { items: manyJobs(1), next_cursor: null, covers: {} },
  ];
  const feed = createJobFeed({
    get: async () => ({ changed: true, etag: null, body: pages.shift() }),
  });
  await feed.askNewest(NEVER);
  await feed.askOlder();
  assert.deepEqual(ids(feed), ["j0000"]);
});

test("an answer for filters that are no longer in force is dropped", async () => {
  let answer = (_value) => {};
  const feed = createJobFeed({
    get: (_path, { query }) =>
      query.client_id === "acme" && query.cursor !== undefined
        ? new Promise((resolve) => (answer = resolve))
        : Promise.resolve({
            changed: true,
            etag: null,
            body: { items: manyJobs(1), next_cursor: "c", covers: {} },
          }),
  });
  feed.reset({ ...{}, client_id: "acme" });
  await feed.askNewest(NEVER);
  const older = feed.askOlder();
  feed.reset({});
  answer({ changed: true, etag: null, body: { items: manyJobs(9), next_cursor: null, covers: {} } });
  await older;
  await settled();
  assert.deepEqual(ids(feed), []);
});

test("a cursor that is no longer good begins the list again", async () => {
  const api = fakeApi(manyJobs(700));
  const feed = createJobFeed({
    async get(path, question) {
      if (question.query.cursor !== undefined && api.refuses) {
        throw new BadQuery("given by another stack", "cursor");
      }
      return api.get(path, question);
    },
  });
  await feed.askNewest(NEVER);
  for (let page = 0; page < 4; page += 1) {
    await feed.askOlder();
  }
  api.refuses = true;
  await feed.askNewest(NEVER);
  assert.equal(feed.list().jobs.length, 50);
  await assert.rejects(feed.askOlder(), BadQuery);
  assert.equal(feed.list().loaded, false);
  await feed.askNewest(NEVER);
  assert.equal(feed.list().jobs.length, 50);
});

test("to catch up begins with the newest page, and older ones follow it without a gap", async () => {
  const api = fakeApi(manyJobs(400));
  const feed = createJobFeed(api);
  await feed.askNewest(NEVER);
  while (feed.list().jobs.length < 300) {
    await feed.askOlder();
  }
  api.all.unshift(...manyJobs(20, 400));
  await feed.askNewest(NEVER);
  feed.catchUp();
  assert.deepEqual(ids(feed), api.all.slice(0, 200).map(({ job_id }) => job_id));
  await feed.askOlder();
  assert.deepEqual(ids(feed), api.all.slice(0, 250).map(({ job_id }) => job_id));
});

test("when more has come than a page holds, the list begins anew", async () => {
  const api = fakeApi(manyJobs(60));
  const feed = createJobFeed(api);
  await feed.askNewest(NEVER);
  api.all.unshift(...manyJobs(300, 60));
  await feed.askNewest(NEVER);
  const shown = ids(feed);
  assert.deepEqual(shown, api.all.slice(0, shown.length).map(({ job_id }) => job_id));
  assert.ok(shown.length > 0);
});
