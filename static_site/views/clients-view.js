/** The view of clients. */

import { createTotalsBar } from "../components/figures/totals-bar.js";
import { createListView } from "../components/lists/list-view.js";
import { bdi, h, setAttribute, setText } from "../lib/dom.js";
import { clientHash, listHash } from "../lib/route.js";
import { readClient } from "../lib/shapes.js";

/** @param {Context} context */
export function createClientsView(context) {
  return createListView(context, {
    name: "clients",
    title: "Clients",
    words: ["client", "clients"],
    empty: () => ({
      title: "No clients yet",
      text: ["A client appears here when it is declared, or when its first job reports."],
    }),
    className: "card-grid",
    read: readClient,
    keyOf: (client) => client.client_id,
    make: (client) => createClientCard(context.format, client),
    isBusy: (client) => client.jobs.running > 0,
  });
}

/** @param {Format} format @param {Client} first @returns {Part<Client>} */
function createClientCard(format, { client_id: id }) {
  const name = bdi("");
  const link = h("a", {}, name);
  const about = bdi("", "quiet");
  const bar = createTotalsBar(format, (filters) => listHash("jobs", { ...filters, client_id: id }));
  return {
    element: h("li", { class: "card surface" }, h("h2", {}, link), about, bar.element),
    update(client) {
      setText(name, client.name ?? client.client_id);
      setAttribute(link, "href", clientHash(client.client_id));
      setText(about, client.description ?? (client.declared ? client.client_id : "Only reported so far"));
      bar.update(client.jobs);
    },
  };
}
