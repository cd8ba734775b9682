import assert from "node:assert/strict";
import { test } from "node:test";

import { withPage } from "../../../static_site/feeds/pages.js";
import { createPages } from "../../../static_site/feeds/pages.js";
import { createResource } from "../../../static_site/feeds/resource.js";
import { BadQuery } from "../../../static_site/lib/problems.js";

const SIGNAL = new AbortController().signal;

/** An API that answers from pages by cursor, with the page's text as its ETag. */
function createExample(pages, more = {}) {
  const world = { pages, asked: [] };
  const api = {
    async get(path, { query, etag }) {
      const body = world.pages[query.cursor ?? ""];
      if (body === undefined) {
        throw new BadQuery("no such cursor", "cursor");
      }
      const tag = JSON.stringify(body);
      world.asked.push([query.cursor, etag === tag ? 304 : 200]);
      return { changed: etag !== tag, etag: tag, body };
    },
  };
  const parts = { path: "/things", limit: 2, read: (item) => item, keyOf: (item) => item.id, ...more };
  return { world, pages: createPages(api, parts) };
}

const page = (ids, next_cursor = null) => ({ items: ids.map((id) => ({ id })), next_cursor });
const idsOf = (pages) => pages.data().items.map(({ id }) => id);

test("nothing is known before the first answer", () => {
  assert.equal(createExample({}).pages.data(), null);
});

test("pages follow each other and stay live, each under its own ETag", async () => {
  const { pages, world } = createExample({ "": page(["a", "b"], "c1"), c1: page(["c"]) });
  await pages.ask(SIGNAL);
  assert.equal(pages.data().hasMore, true);
  await pages.askMore();
  assert.deepEqual(idsOf(pages), ["a", "b", "c"]);
  assert.equal(pages.data().hasMore, false);
  world.asked = [];
  world.pages.c1 = page(["c", "d"]);
  await pages.ask(SIGNAL);
  assert.deepEqual(world.asked, [[null, 304], ["c1", 200]]);
  assert.deepEqual(idsOf(pages), ["a", "b", "c", "d"]);
});

test("an item that has moved to another page is there once", async () => {
  const { pages, world } = createExample({ "": page(["a", "b"], "c1"), c1: page(["c"]) });
  await pages.ask(SIGNAL);
  await pages.askMore();
  world.pages = { "": page(["n", "a"], "c2"), c2: page(["b", "c"]) };
  await pages.ask(SIGNAL);
  assert.deepEqual(idsOf(pages), ["n", "a", "b", "c"]);
});

test("pages that are no more go", async () => {
  const { pages, world } = createExample({ "": page(["a", "b"], "c1"), c1: page(["c"]) });
  await pages.ask(SIGNAL);
  await pages.askMore();
  world.pages = { "": page(["a"]) };
  await pages.ask(SIGNAL);
  assert.deepEqual(idsOf(pages), ["a"]);
});

test("a cursor that is refused begins the list again", async () => {
  const { pages, world } = createExample({ "": page(["a", "b"], "c1"), c1: page(["c"]) });
  await pages.ask(SIGNAL);
  await pages.askMore();
  world.pages = { "": page(["a", "b"], "c1") };
  await pages.ask(SIGNAL);
  assert.deepEqual(idsOf(pages), ["a", "b"]);
  assert.equal(pages.data().hasMore, true);
});

test("what follows an item that has gone is nobody's to place", () => {
  const items = [{ id: "a" }, { id: "b" }];
  assert.equal(withPage(items, page(["c"]), ({ id }) => id, "gone"), items);
});

test("other filters forget what was there", async () => {
  const { pages } = createExample({ "": page(["a"]) });
  await pages.ask(SIGNAL);
  pages.reset(() => ({ client_id: "acme" }));
  assert.equal(pages.data(), null);
});

test("a resource says whether it has changed", async () => {
  let body = { n: 1 };
  const api = {
    get: async (_, { etag }) => ({ changed: etag !== body.n, etag: body.n, body }),
  };
  const thing = createResource(api, "/thing", (value) => value.n);
  assert.equal(await thing.ask(SIGNAL), true);
  assert.equal(await thing.ask(SIGNAL), false);
  assert.equal(thing.data(), 1);
  body = { n: 2 };
  assert.equal(await thing.ask(SIGNAL), true);
  assert.equal(thing.data(), 2);
});
