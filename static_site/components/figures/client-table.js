/** The figures of each client. */

import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { ANY_FAILURE } from "../../lib/filters.js";
import { clientHash, listHash } from "../../lib/route.js";
import { toneOfFailures } from "../../lib/verdict.js";
import { createCard } from "../page/card.js";
import { createFigureTable } from "./figure-table.js";

const COLUMNS = ["Client", "Running", "Stalled", "Ended", "Failed", "Partial", "Error rate", "Newest event"];

/** @type {Readonly<Record<string, { label: string, valueOf: (client: Rates) => number | null }>>} */
const ORDERS = {
  rate: { label: "Highest error rate", valueOf: ({ error_rate: rate }) => rate },
  change: { label: "Error rate moved most", valueOf: movedBy },
};

/**
 * Return by how much the error rate of a client is another one than in the previous period, from 0 to
 * 1; null where one of the two periods has none.
 *
 * @param {Rates} client
 */
function movedBy({ error_rate: rate, previous: { error_rate: before } }) {
  return rate === null || before === null ? null : Math.abs(rate - before);
}

/**
 * Return the clients in an order by its name, those without its value last, equal ones as they came.
 *
 * @template {Rates} T
 * @param {T[]} clients
 * @param {string} order "" and what is no order leave them as they are
 */
export function inOrder(clients, order) {
  const valueOf = Object.hasOwn(ORDERS, order) ? ORDERS[order].valueOf : () => 0;
  /** @param {Rates} client */
  const place = (client) => valueOf(client) ?? -1;
  return [...clients].sort((one, other) => place(other) - place(one));
}

/** @param {Format} format @param {() => number} now @param {(order: string) => void} onOrder */
export function createClientTable(format, now, onOrder) {
  const body = h("tbody", { role: "rowgroup" });
  const table = createFigureTable("Figures by client", COLUMNS, body);
  const rows = keyedList(body, {
    keyOf: (/** @type {ClientRow} */ client) => client.client_id,
    make: (client) => createClientRow(client, format, now),
  });
  const missing = h("p", {});
  const select = h(
    "select",
    { id: "client-order", onchange: () => onOrder(select.value) },
    h("option", { value: "" }, "By client id"),
    ...Object.entries(ORDERS).map(([value, { label }]) => h("option", { value }, label)),
  );
  const orders = h("div", { class: "field figures__order" }, h("label", { for: select.id }, "Order"), select);
  return {
    element: createCard("clients", "By client", orders, table, missing),

    /** @param {Overview & { order: string }} overview what has ended is counted from `since` on */
    update({ clients, since, left_out: leftOut, order }) {
      const names = namesLeftOut(leftOut);
      setHidden(missing, names.length === 0);
      setText(missing, `Without ${names.slice(0, 5).join(", ")}${names.length > 5 ? " and more" : ""}: they are too many,` +
        " or were counted too often, for one overview. Choose one of them as the client to see its figures.");
      setHidden(orders, clients.length < 2);
      select.value = Object.hasOwn(ORDERS, order) ? order : "";
      rows.update(inOrder(clients.map((client) => ({ ...client, since })), order));
    },
  };
}

/** @param {Overview["left_out"]} leftOut whom figures and totals are without */
function namesLeftOut({ clients }) {
  return Array.isArray(clients) ? clients.map(String) : [];
}

/**
 * @param {ClientRow} client
 * @param {Format} format
 * @param {() => number} now
 * @returns {Part<ClientRow>}
 */
function createClientRow({ client_id: id }, format, now) {
  const name = bdi("");
  const cells = COLUMNS.slice(1).map((label) => {
    const text = h("a", {});
    return { text, element: h("td", { role: "cell", "data-label": label }, text) };
  });
  const [running, stalled, ended, failed, partial, rate, newest] = cells;
  const before = h("span", { class: "figures__note" });
  rate.element.append(before);
  newest.element.classList.add("grows-left");
  const element = h(
    "tr",
    { role: "row" },
    h("th", { scope: "row", role: "rowheader" }, h("a", { href: clientHash(id) }, name)),
    ...cells.map((cell) => cell.element),
  );
  /**
   * @param {typeof running} cell
   * @param {string} value
   * @param {Record<string, string | null> | null} filters of the jobs that it counts
   */
  const show = ({ text }, value, filters) => {
    setText(text, value);
    setAttribute(
      text,
      "href",
      filters === null || value === "0" ? null : listHash("jobs", { client_id: id, ...filters }),
    );
  };
  /** @param {number | null} value a share from 0 to 1 */
  const share = (value) => (value === null ? "–" : format.rate(value));
  return {
    element,
    update(client) {
      const span = { ended_from: client.since };
      /** @param {number | null} value */
      const number = (value) => (value === null ? "many" : format.number(value));
      setText(name, client.name ?? id);
      show(running, number(client.running), { status: "running" });
      show(stalled, number(client.stalled), { status: "stalled" });
      show(ended, number(client.ended), { status: "completed", ...span });
      show(failed, number(client.failed), { result: ANY_FAILURE, ...span });
      show(partial, number(client.partial), { result: "partial", ...span });
      const [rateNow, rateBefore] = [share(client.error_rate), share(client.previous.error_rate)];
      show(rate, rateNow, null);
      setText(before, rateNow === rateBefore || rateBefore === "–" ? "" : ` was ${rateBefore}`);
      const at = client.last_event_at;
      show(newest, at === null ? "–" : format.ago((now() - Date.parse(at)) / 1000), null);
      setAttribute(stalled.element, "data-tone", client.stalled === 0 ? null : "warn");
      setAttribute(failed.element, "data-tone", toneOfFailures(client));
      setAttribute(partial.element, "data-tone", client.partial === 0 ? null : "warn");
    },
  };
}
