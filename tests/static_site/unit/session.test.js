import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { test } from "node:test";

import { BadAnswer, SignedOut, Unavailable } from "../../../static_site/lib/problems.js";
import { createSession } from "../../../static_site/lib/session.js";
import { isSignInAnswer } from "../../../static_site/lib/sign-in.js";
import { memoryStorage } from "./builders.js";

const CONFIG = {
  authorize_url: "https://id.example/oauth2/authorize",
  token_url: "https://id.example/oauth2/token",
  logout_url: "https://id.example/logout",
  revoke_url: "https://id.example/oauth2/revoke",
  client_id: "site",
  scope: "openid email run-ledger/read",
};
const START = Date.parse("2026-11-22T10:00:00Z");

const encode = (claims) => Buffer.from(JSON.stringify(claims)).toString("base64url");
const idToken = (claims) =>
  `h.${encode({ aud: "site", exp: START / 1000 + 3600, email: "ü@example.com", ...claims })}.s`;
const reply = (status, body) => new Response(JSON.stringify(body), { status });

/** A session in a world of the test's own, with what it asked for. */
function createExample() {
  const world = { now: START, answers: [], asked: [], sent: [], left: [] };
  const storage = memoryStorage();
  const session = createSession({
    config: CONFIG,
    redirectUri: "https://site.example/",
    storage,
    crypto: webcrypto,
    now: () => world.now,
    goTo: (address) => world.left.push(new URL(address)),
    async fetch(address, { body, keepalive = false }) {
      world.asked.push(Object.fromEntries(body));
      world.sent.push({ address, keepalive });
      const answer = world.answers.shift();
      if (answer === undefined) {
        throw new TypeError("no network");
      }
      return answer;
    },
  });
  return { session, storage, world };
}

/** Go through a sign-in, with claims that may be wrong. */
async function signIn({ session, world }, claims = {}, state = undefined) {
  await session.begin("#/jobs/a");
  const asked = world.left.at(-1).searchParams;
  world.answers.push(
    reply(200, {
      access_token: "access-1",
      refresh_token: "refresh-1",
      id_token: idToken({ nonce: asked.get("nonce"), ...claims }),
      expires_in: 3600,
    }),
  );
  const query = new URLSearchParams({ code: "code-1", state: state ?? asked.get("state") });
  await session.complete(query);
}

test("a sign-in sends a challenge, and then the verifier that it was made of", async () => {
  const example = createExample();
  await signIn(example);
  const sent = Object.fromEntries(example.world.left[0].searchParams);
  const [form] = example.world.asked;
  const digest = createHash("sha256").update(form.code_verifier).digest("base64url");
  assert.equal(sent.code_challenge, digest);
  assert.equal(sent.code_challenge_method, "S256");
  assert.equal(sent.redirect_uri, "https://site.example/");
  assert.equal(form.code, "code-1");
  assert.ok(form.code_verifier.length >= 43);
  assert.equal(await example.session.accessToken(), "access-1");
  assert.equal(example.session.email(), "ü@example.com");
});

test("access tokens are nowhere in the storage", async () => {
  const example = createExample();
  await signIn(example);
  const kept = [...example.storage.kept.entries()];
  assert.deepEqual(kept, [["run-ledger.refresh-token", "refresh-1"]]);
});

test("the place to come back to is kept, and is never another site", async () => {
  const { session, storage, world } = createExample();
  await session.begin("#/jobs?status=running");
  assert.equal(session.returnTo(), "#/jobs?status=running");
  await session.begin("//evil.example");
  assert.equal(session.returnTo(), "");
  assert.equal(world.left.length, 2);
  storage.removeItem("run-ledger.sign-in");
  assert.equal(session.returnTo(), "");
});

test("an answer with another state is refused, and no code is sent", async () => {
  const example = createExample();
  await assert.rejects(signIn(example, {}, "forged"), BadAnswer);
  assert.deepEqual(example.world.asked, []);
});

test("an answer works once", async () => {
  const example = createExample();
  await signIn(example);
  const state = example.world.left[0].searchParams.get("state");
  const again = new URLSearchParams({ code: "code-1", state });
  await assert.rejects(example.session.complete(again), BadAnswer);
});

test("ID tokens with another nonce, another audience or an old date are refused", async () => {
  for (const claims of [{ nonce: "other" }, { aud: "other" }, { exp: START / 1000 - 400 }]) {
    const example = createExample();
    await assert.rejects(signIn(example, claims), BadAnswer);
    await assert.rejects(example.session.accessToken(), SignedOut);
    assert.equal(example.session.canRenew(), false);
  }
});

test("a token is renewed before it expires, once for all who ask", async () => {
  const example = createExample();
  await signIn(example);
  const { session, world } = example;
  world.now += 3540 * 1000;
  world.answers.push(reply(200, { access_token: "access-2", expires_in: 3600 }));
  const tokens = await Promise.all([session.accessToken(), session.accessToken()]);
  assert.deepEqual(tokens, ["access-2", "access-2"]);
  assert.deepEqual(world.asked.at(-1), {
    client_id: "site",
    grant_type: "refresh_token",
    refresh_token: "refresh-1",
  });
  assert.equal(world.asked.length, 2);
});

test("a renewal that can't be had leaves the token in use until it expires", async () => {
  const example = createExample();
  await signIn(example);
  example.world.now += 3540 * 1000;
  assert.equal(await example.session.accessToken(), "access-1");
  example.world.now += 60 * 1000;
  await assert.rejects(example.session.accessToken(), Unavailable);
  assert.equal(example.session.canRenew(), true);
});

test("a refused renewal ends the session", async () => {
  const example = createExample();
  await signIn(example);
  example.world.answers.push(reply(400, { error: "invalid_grant" }));
  await assert.rejects(example.session.renew(), SignedOut);
  assert.equal(example.session.canRenew(), false);
  await assert.rejects(example.session.accessToken(), SignedOut);
});

test("signing out forgets and revokes the tokens and ends the session of the sign-in pages", async () => {
  const example = createExample();
  await signIn(example);
  example.session.signOut();
  assert.deepEqual(example.world.asked.at(-1), { client_id: "site", token: "refresh-1" });
  assert.deepEqual(example.world.sent.at(-1), {
    address: "https://id.example/oauth2/revoke",
    keepalive: true,
  });
  const address = example.world.left.at(-1);
  assert.equal(address.origin + address.pathname, "https://id.example/logout");
  assert.deepEqual(Object.fromEntries(address.searchParams), {
    client_id: "site",
    logout_uri: "https://site.example/",
  });
  assert.deepEqual([...example.storage.kept], []);
});

test("a session that ends with another tab's is revoked, and stays where it is", async () => {
  const example = createExample();
  await signIn(example);
  const places = example.world.left.length;
  example.session.end();
  assert.deepEqual(example.world.asked.at(-1), { client_id: "site", token: "refresh-1" });
  assert.equal(example.session.canRenew(), false);
  assert.equal(example.world.left.length, places);
});

test("signing out without a session revokes nothing", () => {
  const example = createExample();
  example.session.signOut();
  assert.deepEqual(example.world.sent, []);
  assert.equal(example.world.left.at(-1).pathname, "/logout");
});

test("only an answer of the sign-in pages counts as one", () => {
  const says = (text) => isSignInAnswer(new URLSearchParams(text));
  assert.deepEqual(
    ["code=a&state=b", "error=x&state=b", "code=a", "state=b", ""].map(says),
    [true, true, false, false, false],
  );
});

test("a session can be taken over, once somebody is signed in", async () => {
  const example = createExample();
  assert.equal(example.session.share(), null);
  await signIn(example);
  const other = createExample();
  other.session.takeOver(example.session.share());
  other.world.answers.push(reply(200, { access_token: "access-2", expires_in: 3600 }));
  assert.equal(other.session.canRenew(), true);
  assert.equal(await other.session.accessToken(), "access-2");
  assert.equal(other.world.asked[0].refresh_token, "refresh-1");
  example.session.forget();
  assert.equal(example.session.share(), null);
});

test("an answer that comes after the session was forgotten does not bring it back", async () => {
  const { session, storage, world } = createExample();
  session.takeOver("refresh-1");
  world.answers.push(
    reply(200, { access_token: "late", refresh_token: "late", id_token: idToken({}), expires_in: 9 }),
  );
  const renewing = session.renew();
  session.forget();
  await assert.rejects(renewing, SignedOut);
  assert.equal(session.email(), null);
  assert.equal(storage.kept.size, 0);
  await assert.rejects(session.accessToken(), SignedOut);
});
