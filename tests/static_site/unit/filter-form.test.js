import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { clientOf, createClientSearch } from "../../../static_site/components/lists/client-search.js";

/** As much of a page as a form of filters needs. */
class FakeElement extends EventTarget {
  constructor(tag) {
    super();
    this.tag = tag;
    this.attributes = new Map();
    this.childNodes = [];
    this.value = "";
  }

  get id() {
    return this.getAttribute("id") ?? "";
  }

  get options() {
    return this.childNodes;
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  setAttribute(name, value) {
    this.attributes.set(name, value);
  }

  removeAttribute(name) {
    this.attributes.delete(name);
  }

  append(...children) {
    this.childNodes.push(...children);
  }

  find(id) {
    const inside = this.childNodes.filter((node) => node instanceof FakeElement);
    return this.id === id ? this : inside.map((node) => node.find(id)).find((node) => node);
  }

  type(text) {
    this.value = text;
    this.dispatchEvent(new Event("input"));
  }
}

globalThis.document = { createElement: (tag) => new FakeElement(tag), activeElement: null };
globalThis.window = globalThis;
const { createFilterForm } = await import(
  "../../../static_site/components/lists/filter-form.js"
);

const FILTERS = {
  q: { field: { label: "Job id", kind: "text" } },
  pipeline: { field: { label: "Pipeline", kind: "text" } },
};

function createExample(t) {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const chosen = [];
  const form = createFilterForm({
    label: "Filters",
    filters: FILTERS,
    context: {},
    onChange: (filters) => chosen.push(filters),
  });
  form.update({ q: "", pipeline: "" });
  return { form, chosen, field: (name) => form.element.find(`filter-${name}`) };
}

test("what is being typed stays when an earlier choice comes back late", (t) => {
  const { form, chosen, field } = createExample(t);
  field("q").type("a");
  mock.timers.tick(400);
  assert.deepEqual(chosen, [{ q: "a", pipeline: "" }]);
  field("pipeline").type("pa");
  form.update({ q: "a", pipeline: "" }); // the address has changed only now
  assert.equal(field("pipeline").value, "pa");
  assert.equal(field("q").value, "a");
  mock.timers.tick(400);
  assert.deepEqual(chosen.at(-1), { q: "a", pipeline: "pa" });
});

test("a choice from elsewhere is shown once nobody types any more", (t) => {
  const { form, field } = createExample(t);
  field("pipeline").type("parts");
  mock.timers.tick(400);
  form.update({ q: "", pipeline: "stock" });
  assert.equal(field("pipeline").value, "stock");
  form.update({ q: "", pipeline: "" });
  assert.equal(field("pipeline").value, "");
});

const CLIENTS = [
  { client_id: "acme", name: "Acme GmbH" },
  { client_id: "mueller-1", name: "Müller & Söhne" },
  { client_id: "north", name: "Nordwind" },
  { client_id: "northern", name: null },
];

test("a client is found by its id and by its name, in any case", () => {
  for (const isWhole of [false, true]) {
    assert.equal(clientOf(CLIENTS, " acme ", isWhole), "acme");
    assert.equal(clientOf(CLIENTS, "ACME gmbh", isWhole), "acme");
    assert.equal(clientOf(CLIENTS, "müller & söhne", isWhole), "mueller-1");
    assert.equal(clientOf(CLIENTS, "north", isWhole), "north");
    assert.equal(clientOf(CLIENTS, "", isWhole), "");
  }
});

test("letters that are composed otherwise are the same letters", () => {
  assert.equal(clientOf(CLIENTS, "Müller & Söhne".normalize("NFD"), false), "mueller-1");
});

test("the only part of a name that fits stands for it once nobody types any more", () => {
  assert.equal(clientOf(CLIENTS, "söhne", false), null);
  assert.equal(clientOf(CLIENTS, "söhne", true), "mueller-1");
  assert.equal(clientOf(CLIENTS, "nor", true), null);
});

test("what no client is called is an id, if it can be one", () => {
  assert.equal(clientOf(CLIENTS, "gone-client", false), "gone-client");
  assert.equal(clientOf([], "acme", false), "acme");
  assert.equal(clientOf(CLIENTS, "nobody & co", true), null);
});

test("all clients are asked for, page by page, and again after a while or a failure", async () => {
  let now = 0;
  const asked = [];
  let answers = [];
  const api = {
    async get(_, { query }) {
      asked.push(query.cursor);
      const answer = answers.shift();
      if (answer === undefined) {
        throw new Error("no network");
      }
      return { changed: true, body: answer };
    },
  };
  const page = (ids, next) => ({
    items: ids.map((id) => ({ client_id: id, name: id, jobs: {} })),
    next_cursor: next,
    covers: null,
  });
  const feed = createClientSearch({ api, clock: { now: () => now } });
  answers = [page(["a", "b"], "c-1"), page(["c"], null)];
  assert.deepEqual((await feed.all()).map((one) => one.client_id), ["a", "b", "c"]);
  await feed.all();
  assert.deepEqual(asked, [null, "c-1"]);
  now = 300_001;
  assert.deepEqual(await feed.all(), []);
  answers = [page(["d"], null)];
  assert.deepEqual((await feed.all()).map((one) => one.client_id), ["d"]);
});
