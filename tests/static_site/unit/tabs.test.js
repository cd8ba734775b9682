import assert from "node:assert/strict";
import { test } from "node:test";

import { createTabs } from "../../../static_site/lib/tabs.js";

let channels = 0;

/** Tabs of one browser of their own: each shares what it has, and notes when somebody signs out. */
function createBrowser(t) {
  channels += 1;
  const name = `tabs-${channels}`;
  let ids = 0;
  return function open(shared) {
    const channel = new BroadcastChannel(name);
    t.after(() => channel.close());
    const tab = { shared, signedOut: 0, late: [] };
    tab.tabs = createTabs({
      channel,
      newId: () => `id-${(ids += 1)}`,
      share: () => tab.shared,
      onSignedOut() {
        tab.shared = null;
        tab.signedOut += 1;
      },
      onGiven(refreshToken) {
        tab.late.push(refreshToken);
      },
    });
    return tab;
  };
}

/** What goes over the channel, as another page of the origin would hear it. */
function createListener(t) {
  const heard = [];
  const channel = new BroadcastChannel(`tabs-${channels}`);
  channel.addEventListener("message", ({ data }) => heard.push(data));
  t.after(() => channel.close());
  return { heard, say: (data) => channel.postMessage(data) };
}

test("a new tab takes the session over from one that has it", async (t) => {
  const open = createBrowser(t);
  open(null);
  open("refresh-1");
  assert.equal(await open(null).tabs.ask(), "refresh-1");
});

test("no tab has a session: the asking ends by itself", async (t) => {
  const open = createBrowser(t);
  open(null);
  assert.equal(await open(null).tabs.ask(), null);
});

test("an answer that comes after the waiting is taken once", async (t) => {
  const open = createBrowser(t);
  const late = open(null);
  const { say } = createListener(t);
  assert.equal(await late.tabs.ask(), null);
  say({ kind: "given", id: "id-1", refreshToken: "refresh-1" });
  say({ kind: "given", id: "id-1", refreshToken: "refresh-2" });
  say({ kind: "given", id: "id-2", refreshToken: "refresh-3" });
  // by the end of another question, all of that has been heard
  await open(null).tabs.ask();
  assert.deepEqual(late.late, ["refresh-1"]);
});

test("who signs in serves every tab that has asked, whether it still waits or not", async (t) => {
  const open = createBrowser(t);
  const [first, early, asking] = [open(null), open(null), open(null)];
  assert.equal(await early.tabs.ask(), null);
  const answer = asking.tabs.ask();
  first.shared = "refresh-1";
  first.tabs.signedIn();
  assert.equal(await answer, "refresh-1");
  // by the end of another question, all of that has been heard
  await open(null).tabs.ask();
  assert.deepEqual([early.late, asking.late], [["refresh-1"], []]);
});

test("a question that is heard before the sign-in is answered after it", async (t) => {
  const open = createBrowser(t);
  const first = open(null);
  const { heard } = createListener(t);
  const asking = open(null).tabs.ask();
  while (!heard.some(({ kind }) => kind === "wanted")) {
    await new Promise(setImmediate);
  }
  first.shared = "refresh-1";
  first.tabs.signedIn();
  assert.equal(await asking, "refresh-1");
});

test("nothing is given to who has not asked, and an answer to another tab is not taken", async (t) => {
  const open = createBrowser(t);
  const tab = open("refresh-1");
  const { heard, say } = createListener(t);
  const asking = open(null);
  const answer = asking.tabs.ask();
  say({ kind: "given", id: "id-of-another", refreshToken: "wrong" });
  say({ kind: "given", refreshToken: "wrong" });
  say({ kind: "wanted" });
  say({ kind: "wanted", id: 7 });
  say("signed-out ");
  say(null);
  assert.equal(await answer, "refresh-1");
  const given = heard.filter(({ kind }) => kind === "given");
  assert.deepEqual(given, [{ kind: "given", id: "id-1", refreshToken: "refresh-1" }]);
  assert.equal(tab.signedOut, 0);
});

test("signing out reaches every other tab, which then gives nothing any more", async (t) => {
  const open = createBrowser(t);
  const [first, second, third] = [open("refresh-1"), open("refresh-1"), open(null)];
  first.shared = null;
  first.tabs.signedOut();
  assert.equal(await open(null).tabs.ask(), null);
  assert.deepEqual([first.signedOut, second.signedOut, third.signedOut], [0, 1, 1]);
});
