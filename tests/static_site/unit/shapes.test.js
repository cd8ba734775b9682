import assert from "node:assert/strict";
import { test } from "node:test";

import { readConfig } from "../../../static_site/lib/config.js";
import { BadAnswer } from "../../../static_site/lib/problems.js";
import { readEntry, readJob, readPage } from "../../../static_site/lib/shapes.js";

test("a field of the wrong kind counts as absent", () => {
  const job = readJob({
    job_id: "a",
    created_at: "2026-11-22T10:00:00Z",
    name: 7,
    counters: { records_ok: 3, odd: "x", none: null },
    tags: ["a"],
    attempts: "none",
    error: "text",
    started_at: "yesterday",
    duration_seconds: Number.NaN,
  });
  assert.deepEqual(job.counters, { records_ok: 3 });
  assert.deepEqual(
    [job.name, job.tags, job.attempts, job.error, job.started_at, job.duration_seconds],
    [null, {}, [], null, null, null],
  );
});

test("what has no identity is refused", () => {
  for (const value of [null, [], "job", {}, { job_id: "a" }, { job_id: "a", created_at: "x" }]) {
    assert.throws(() => readJob(value), BadAnswer);
    assert.throws(() => readEntry(value), BadAnswer);
  }
  assert.throws(() => readPage({ items: {} }, readJob), BadAnswer);
});

const CONFIG = {
  api_base: "/api",
  authorize_url: "https://id.example/oauth2/authorize",
  token_url: "/oauth2/token",
  logout_url: "https://id.example/logout",
  revoke_url: "https://id.example/oauth2/revoke",
  client_id: "site",
  scope: "openid",
  stage: "local",
  demo: true,
};

test("settings are checked, and their addresses made whole", () => {
  const config = readConfig(CONFIG, "http://127.0.0.1:8000/");
  assert.equal(config.token_url, "http://127.0.0.1:8000/oauth2/token");
  assert.equal(config.demo, true);
  assert.equal(readConfig({ ...CONFIG, demo: "no" }, "http://a/").demo, false);
});

test("settings that are missing or no addresses are named", () => {
  for (const [name, value] of [
    ["client_id", undefined],
    ["scope", ""],
    ["authorize_url", "javascript:alert(1)"],
    ["token_url", 7],
  ]) {
    assert.throws(
      () => readConfig({ ...CONFIG, [name]: value }, "http://a/"),
      (error) => error instanceof BadAnswer && error.message.includes(name),
    );
  }
});
