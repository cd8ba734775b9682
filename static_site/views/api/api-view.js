/** The view of the API's description: every path, with its parameters and answers, to be tried out. */

import { createCard, createSkeleton } from "../../components/page/card.js";
import { createLiveView } from "../../components/page/live-view.js";
import { listOf } from "../../components/reference/description.js";
import { createOperation } from "../../components/reference/operation.js";
import { paragraphs } from "../../components/reference/prose.js";
import { createResource } from "../../feeds/resource.js";
import { h } from "../../lib/dom.js";
import { asObject, asText } from "../../lib/shapes.js";

/** It changes with a deployment alone. */
const ASK_MILLISECONDS = 60_000;

/** @param {Context} context */
export function createApiView(context) {
  const description = createResource(context.api, "/openapi.json", asObject);
  const body = h("div", { class: "reference" });
  /** @type {Record<string, unknown> | null} */
  let shown = null;
  let askedAt = 0;
  return createLiveView(context, {
    name: "api",
    title: "API",
    body,
    skeleton: createSkeleton(4, "skeleton-stack"),
    backHash: "#/api",
    reset() {},
    async ask(signal) {
      const at = context.clock.now();
      if (at - askedAt >= ASK_MILLISECONDS) {
        await description.ask(signal);
        askedAt = at;
      }
    },
    data: description.data,
    render(document) {
      if (shown !== document) {
        shown = document;
        body.replaceChildren(introduction(document), ...groups(document, context));
      }
    },
  });
}

/** @param {Record<string, unknown>} document */
function introduction(document) {
  const { description, version } = asObject(document.info);
  const [{ url } = {}] = listOf(document.servers);
  // an address without a host counts from the page
  const address = h("a", { href: asText(url) ?? "" }).href;
  return createCard(
    "reference",
    "Read what the ledger holds",
    h("p", { class: "reference__prose" }, "Its address: ", h("code", { class: "mono" }, address)),
    ...paragraphs(asText(description) ?? ""),
    h(
      "button",
      { class: "button", type: "button", onclick: () => save(document, address) },
      "Download openapi.json",
    ),
    h("p", { class: "quiet" }, `Version ${version}`),
  );
}

/**
 * @param {Record<string, unknown>} document
 * @param {Context} context
 */
function groups(document, context) {
  const operations = Object.entries(asObject(document.paths)).flatMap(([path, item]) =>
    Object.entries(asObject(item)).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation: asObject(operation),
    })),
  );
  return listOf(document.tags).map(({ name, description }) =>
    createCard(
      `reference-${name}`,
      asText(name) ?? "",
      ...paragraphs(asText(description) ?? ""),
      ...operations
        .filter(({ operation }) => Array.isArray(operation.tags) && operation.tags.includes(name))
        .map(({ path, method, operation }) => createOperation({ document, path, method, operation, context })),
    ),
  );
}

/**
 * Save the description with its address written out, so that it can be used from anywhere.
 *
 * @param {Record<string, unknown>} document
 * @param {string} url
 */
function save(document, url) {
  const text = JSON.stringify({ ...document, servers: [{ url }] }, null, 2);
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: address, download: "openapi.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address));
}
