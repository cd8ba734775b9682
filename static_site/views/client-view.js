/** The view of one client: its jobs and its configuration. */

import { createFacts } from "../components/figures/facts.js";
import { createTimeText } from "../components/figures/time-text.js";
import { createTotalsBar } from "../components/figures/totals-bar.js";
import { createCard, createSkeleton } from "../components/page/card.js";
import { createLiveView } from "../components/page/live-view.js";
import { createResource } from "../feeds/resource.js";
import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../lib/dom.js";
import { listHash } from "../lib/route.js";
import { readClient, readConfiguration } from "../lib/shapes.js";
import { countOf } from "../lib/words.js";

/** @param {Context} context */
export function createClientView(context) {
  const { api, format, clock } = context;
  const back = h("a", { class: "back-link", href: "#/clients" }, "← All clients");
  const description = bdi("");
  const about = h("p", { class: "client__about" }, description);
  const facts = createFacts("facts surface");
  let clientId = "";
  const bar = createTotalsBar(format, (filters) =>
    listHash("jobs", { ...filters, client_id: clientId }),
  );
  const ways = ["jobs", "errors", "projects", "costs"].map((view) => ({
    view,
    element: h("a", { class: "button button--quiet" }, `Show ${view}`),
  }));
  const config = createConfigCard(format, clock.now);
  let client = createResource(api, "", readClient);
  let configuration = createResource(api, "", readConfiguration);

  const view = createLiveView(context, {
    name: "client",
    title: "Client",
    lead: back,
    body: h(
      "div",
      { class: "client__parts" },
      about,
      h("p", { class: "client__ways" }, ...ways.map((way) => way.element)),
      createCard("totals", "Jobs", bar.element),
      facts.element,
      config.element,
    ),
    skeleton: createSkeleton(3, "skeleton-stack"),
    backHash: "#/clients",
    backLabel: "All clients",
    reset({ id = "" }) {
      clientId = id;
      const path = `/clients/${encodeURIComponent(id)}`;
      client = createResource(api, path, readClient);
      configuration = createResource(api, `${path}/config`, readConfiguration);
      setText(view.heading, id);
      for (const way of ways) {
        setAttribute(way.element, "href", listHash(way.view, { client_id: id }));
      }
    },
    ask: (signal) => Promise.all([client.ask(signal), configuration.ask(signal)]),
    data() {
      const known = { client: client.data(), configuration: configuration.data() };
      return known.client && known.configuration
        ? { client: known.client, configuration: known.configuration }
        : null;
    },
    render({ client: known, configuration: shown }) {
      setText(view.heading, known.name ?? known.client_id);
      setText(description, known.description ?? "");
      setHidden(about, known.description === null);
      bar.update(known.jobs);
      facts.update([
        { label: "Client id", text: known.client_id },
        ...(known.contact === null ? [] : [{ label: "Contact", text: known.contact }]),
        ...Object.entries(known.tags).map(([label, text]) => ({ label, text })),
      ]);
      config.update(shown);
    },
  });
  return view;
}

/** @param {Format} format @param {() => number} now */
function createConfigCard(format, now) {
  const body = h("dl", { class: "parameters" });
  const rows = keyedList(body, {
    keyOf: (/** @type {Parameter} */ parameter) => parameter.name,
    make: () => createParameter(format, now),
  });
  const none = h("p", { class: "quiet" }, "No parameter is set.");
  const secrets = h("p", { class: "secrets-note" });
  return {
    element: createCard("config", "Configuration", body, none, secrets),
    /** @param {Configuration} configuration */
    update({ parameters, secrets_omitted: omitted }) {
      rows.update(parameters);
      setHidden(body, parameters.length === 0);
      setHidden(none, parameters.length > 0 || omitted > 0);
      setHidden(secrets, omitted === 0);
      setText(
        secrets,
        `${countOf(omitted, "secret parameter is", "secret parameters are", format)} left out: ` +
          "secrets are never shown here.",
      );
    },
  };
}

/** @param {Format} format @param {() => number} now @returns {Part<Parameter>} */
function createParameter(format, now) {
  const name = bdi("", "mono");
  const about = bdi("", "quiet");
  const value = bdi("", "mono");
  const changed = createTimeText(format);
  const when = h("span", { class: "quiet" }, "set ", changed.element);
  return {
    element: h("div", { class: "parameter" }, h("dt", {}, name, about), h("dd", {}, value, when)),
    update(parameter) {
      setText(name, parameter.name);
      setText(about, parameter.description ?? "");
      setText(value, parameter.value === "" ? "(empty)" : parameter.value);
      setHidden(when, parameter.updated_at === null);
      changed.update(parameter.updated_at, now());
    },
  };
}
