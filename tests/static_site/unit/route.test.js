import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_FILTERS, isFiltered, jobHash, jobsHash, readRoute, withFilter } from "../../../static_site/lib/route.js";

test("an address without a hash shows all jobs", () => {
  for (const hash of ["", "#", "#/", "#/jobs", "#/jobs?"]) {
    assert.deepEqual(readRoute(hash), { view: "jobs", filters: NO_FILTERS });
  }
});

test("filters go into the address and come back", () => {
  const filters = { client_id: "a&b=c #?", status: "completed", result: "timed_out" };
  assert.deepEqual(readRoute(jobsHash(filters)), { view: "jobs", filters });
  assert.equal(jobsHash(NO_FILTERS), "#/jobs");
});

test("parameters that are no filters are left out", () => {
  assert.equal(isFiltered(readRoute("#/jobs?colour=red").filters), false);
});

test("any job id goes into the address and comes back", () => {
  for (const jobId of ["job-1", "a/b", "50%", "ünï", "a?b#c", "..."]) {
    assert.deepEqual(readRoute(jobHash(jobId)), { view: "job", jobId });
  }
});

test("an id that browsers take for a step in the API's path is unknown", () => {
  for (const hash of [jobHash("."), jobHash(".."), "#/jobs/%2e%2E"]) {
    assert.deepEqual(readRoute(hash), { view: "unknown" });
  }
});

test("an address that means nothing is unknown", () => {
  for (const hash of ["#/nowhere", "#/jobs/a/b", "#/jobs/%E0%A4%A", "#main"]) {
    assert.deepEqual(readRoute(hash), { view: "unknown" });
  }
});

test("a result is asked for of completed jobs only", () => {
  const running = { ...NO_FILTERS, status: "running" };
  assert.deepEqual(withFilter(running, "result", "failed"), { ...NO_FILTERS, result: "failed" });
  const failed = { ...NO_FILTERS, status: "completed", result: "failed" };
  assert.deepEqual(withFilter(failed, "status", "queued"), { ...NO_FILTERS, status: "queued" });
  assert.deepEqual(withFilter(failed, "client_id", " acme "), { ...failed, client_id: "acme" });
});
