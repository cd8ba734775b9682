import assert from "node:assert/strict";
import { test } from "node:test";

import { isFiltered, jobsQuery, withFilter } from "../../../static_site/feeds/filtering.js";
import {
  clientHash,
  jobHash,
  listHash,
  projectHash,
  readRoute,
} from "../../../static_site/lib/route.js";

const NO_FILTERS = readRoute("#/jobs").filters;

test("an address without a hash shows the overview", () => {
  for (const hash of ["", "#", "#/", "#/overview", "#/overview?"]) {
    assert.deepEqual(readRoute(hash), { view: "overview", filters: { period: "", order: "" } });
  }
});

test("filters go into the address and come back", () => {
  const filters = {
    ...NO_FILTERS,
    client_id: "a&b=c #?",
    status: "completed",
    result: "timed_out",
    from: "2026-11-22T23:00:00Z",
    ended_from: "2026-11-22",
    fingerprint: " <b>&\u202e",
    q: "job-",
  };
  assert.deepEqual(readRoute(listHash("jobs", filters)), { view: "jobs", filters });
  assert.equal(listHash("jobs", NO_FILTERS), "#/jobs");
  const errors = { client_id: "acme", days: "30", new_since: "" };
  assert.deepEqual(readRoute(listHash("errors", errors)), { view: "errors", filters: errors });
});

/** Return what the API is asked: the parameters that are not empty. */
const asked = (filters, now = 0) =>
  Object.fromEntries(Object.entries(jobsQuery(filters, now)).filter(([, value]) => value));

test("stalled is asked for by its own parameter", () => {
  assert.deepEqual(asked({ status: "stalled", q: "a" }), { stalled: "true", q: "a" });
  assert.deepEqual(asked({ status: "queued", q: "" }), { status: "queued" });
});

test("a time is of creation, or of the end where that is chosen", () => {
  const now = Date.UTC(2026, 10, 22, 15);
  const since = "2026-11-22T13:00:00.000Z";
  assert.deepEqual(asked({ time: "2h" }, now), { from: since });
  assert.deepEqual(asked({ time: "2h", by: "ended" }, now), { ended_from: since });
  assert.deepEqual(asked({ from: "a", to: "b", by: "ended" }), { ended_from: "a", ended_to: "b" });
  assert.deepEqual(asked({ ended_from: "a", by: "ended" }), { ended_from: "a" });
});

test("days are those of the reader's calendar", () => {
  const now = new Date(2026, 10, 22, 0, 30).getTime();
  const midnight = (day) => new Date(2026, 10, day).toISOString();
  assert.deepEqual(asked({ time: "today" }, now), { from: midnight(22) });
  assert.deepEqual(asked({ time: "yesterday" }, now), { from: midnight(21), to: midnight(22) });
});

test("what an address makes up is left for the API to refuse", () => {
  assert.deepEqual(asked({ time: "soon", by: "magic" }), { from: "soon", by: "magic" });
});

test("of filters by time, the last that was chosen is meant", () => {
  const linked = { ended_from: "a", ended_to: "b", from: "", to: "", time: "", by: "" };
  assert.deepEqual(withFilter(linked, "time", "2h"), {
    ...linked, time: "2h", ended_from: "", ended_to: "",
  });
  assert.deepEqual(withFilter({ ...linked, time: "2h" }, "from", "c"), {
    ...linked, from: "c", ended_from: "", ended_to: "",
  });
  assert.equal(withFilter({ ...linked, status: "running" }, "by", "ended").status, "");
  assert.equal(withFilter({ ...linked, by: "ended" }, "status", "running").by, "");
});

test("parameters that are no filters are left out", () => {
  assert.equal(isFiltered(readRoute("#/jobs?colour=red").filters), false);
});

test("any job id goes into the address and comes back", () => {
  for (const jobId of ["job-1", "a/b", "50%", "ünï", "a?b#c", "..."]) {
    assert.deepEqual(readRoute(jobHash(jobId)), { view: "job", id: jobId });
    assert.deepEqual(readRoute(clientHash(jobId)), { view: "client", id: jobId });
  }
});

test("a project's address says whose it is", () => {
  const project = { client_id: "acme", project_id: "a/b?c" };
  const route = { view: "project", id: "a/b?c", filters: { client_id: "acme" } };
  assert.deepEqual(readRoute(projectHash(project)), route);
  assert.deepEqual(readRoute("#/projects/p"), { view: "project", id: "p", filters: { client_id: "" } });
});

test("a first day and a number of days are two ways to say which time is meant", () => {
  const errors = { client_id: "acme", days: "30", new_since: "" };
  const since = withFilter(errors, "new_since", "2026-11-20");
  assert.deepEqual(since, { client_id: "acme", days: "", new_since: "2026-11-20" });
  assert.deepEqual(withFilter(since, "days", "30"), errors);
  assert.deepEqual(withFilter(since, "client_id", ""), { ...since, client_id: "" });
});

test("an id that browsers take for a step in the API's path is unknown", () => {
  for (const hash of [jobHash("."), jobHash(".."), "#/jobs/%2e%2E"]) {
    assert.deepEqual(readRoute(hash), { view: "unknown" });
  }
});

test("an address that means nothing is unknown", () => {
  for (const hash of ["#/nowhere", "#/jobs/a/b", "#/jobs/%E0%A4%A", "#/jobs/", "#/errors/x", "#main"]) {
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

test("an error is asked for of failures only, an end of completed jobs", () => {
  const known = { ...NO_FILTERS, fingerprint: "f", ended_from: "2026-11-22" };
  assert.deepEqual(withFilter(known, "status", "running"), { ...NO_FILTERS, status: "running" });
  assert.deepEqual(withFilter(known, "status", "completed"), { ...known, status: "completed" });
  for (const result of ["failed", "timed_out", "failed,timed_out", ""]) {
    assert.deepEqual(withFilter(known, "result", result), { ...known, result });
  }
  const partial = withFilter(known, "result", "partial");
  assert.deepEqual(partial, { ...known, result: "partial", fingerprint: "" });
});
