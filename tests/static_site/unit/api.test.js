import assert from "node:assert/strict";
import { test } from "node:test";

import { createApi } from "../../../static_site/lib/api.js";
import {
  BadAnswer,
  BadQuery,
  Forbidden,
  NotFound,
  SignedOut,
  Unavailable,
} from "../../../static_site/lib/problems.js";

/** An API whose answers are given, and what was asked of it. */
function createExample(...answers) {
  const asked = [];
  const session = { token: "one", renewals: 0 };
  const api = createApi({
    base: "/api/",
    session: {
      accessToken: async () => session.token,
      async renew() {
        session.renewals += 1;
        session.token = "two";
      },
    },
    async fetch(address, { headers, signal }) {
      asked.push({ address, headers, signal });
      const answer = answers.shift();
      if (answer === undefined) {
        throw new TypeError("no network");
      }
      return answer;
    },
  });
  return { api, asked, session };
}

const reply = (status, body, headers = {}) =>
  new Response(body === null ? null : JSON.stringify(body), { status, headers });

test("empty parameters are left out of the address", async () => {
  const { api, asked } = createExample(reply(200, {}));
  await api.get("/jobs", { query: { limit: 50, client_id: "", cursor: null, status: "a b&c" } });
  assert.equal(asked[0].address, "/api/jobs?limit=50&status=a+b%26c");
});

test("what is already here is offered, and 304 says that it holds", async () => {
  const { api, asked } = createExample(reply(200, { a: 1 }, { ETag: '"x"' }), reply(304, null));
  const first = await api.get("/jobs");
  const second = await api.get("/jobs", { etag: first.etag });
  assert.equal(asked[0].headers["If-None-Match"], undefined);
  assert.equal(asked[1].headers["If-None-Match"], '"x"');
  assert.deepEqual(second, { changed: false, etag: '"x"', body: null });
});

test("a refused token is renewed once", async () => {
  const { api, asked, session } = createExample(reply(401, {}), reply(200, { ok: true }));
  assert.deepEqual((await api.get("/jobs")).body, { ok: true });
  assert.deepEqual(
    asked.map(({ headers }) => headers.Authorization),
    ["Bearer one", "Bearer two"],
  );
  const twice = createExample(reply(401, {}), reply(401, {}));
  await assert.rejects(twice.api.get("/jobs"), SignedOut);
  assert.equal(session.renewals + twice.session.renewals, 2);
});

test("each refusal has an error of its own", async () => {
  const problem = { detail: "status must be known", parameter: "status" };
  for (const [status, body, error] of [
    [400, problem, BadQuery],
    [403, {}, Forbidden],
    [404, {}, NotFound],
    [429, {}, Unavailable],
    [500, {}, Unavailable],
    [200, null, BadAnswer],
  ]) {
    await assert.rejects(createExample(reply(status, body)).api.get("/jobs"), error);
  }
  const { api } = createExample(reply(400, problem));
  await assert.rejects(api.get("/jobs"), { message: problem.detail, parameter: "status" });
});

test("the time that the API asks for is handed on", async () => {
  const { api } = createExample(reply(503, {}, { "Retry-After": "7" }));
  await assert.rejects(api.get("/jobs"), { retryAfterSeconds: 7 });
});

test("no network is no answer, and a question that was taken back is neither", async () => {
  const { api } = createExample();
  await assert.rejects(api.get("/jobs"), Unavailable);
  const taken = new AbortController();
  taken.abort();
  await assert.rejects(api.get("/jobs", { signal: taken.signal }), { name: "AbortError" });
});
