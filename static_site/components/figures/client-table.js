/** The figures of each client. */

import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { ANY_FAILURE } from "../../lib/filters.js";
import { clientHash, listHash } from "../../lib/route.js";
import { toneOfFailures } from "../../lib/verdict.js";
import { createCard } from "../page/card.js";

const COLUMNS = ["Client", "Running", "Stalled", "Ended", "Failed", "Partial", "Error rate", "Newest event"];

/** @param {Format} format @param {() => number} now */
export function createClientTable(format, now) {
  const body = h("tbody", { role: "rowgroup" });
  const table = createFigureTable("Figures by client", COLUMNS, body);
  const rows = keyedList(body, {
    keyOf: (/** @type {ClientRow} */ client) => client.client_id,
    make: (client) => createClientRow(client, format, now),
  });
  const missing = h("p", {});
  const element = createCard("clients", "By client", table);
  element.append(missing);
  return {
    element,
    /**
     * @param {Overview["clients"]} clients
     * @param {string | null} since what has ended is counted from then on
     * @param {Overview["left_out"]} leftOut whom figures and totals are without
     */
    update(clients, since, leftOut) {
      const names = Array.isArray(leftOut.clients) ? leftOut.clients.map(String) : [];
      setHidden(element, clients.length === 0 && names.length === 0);
      setHidden(missing, names.length === 0);
      setText(missing, `Without ${names.slice(0, 5).join(", ")}${names.length > 5 ? " and more" : ""}: they are too many,` +
        " or were counted too often, for one overview. Choose one of them as the client to see its figures.");
      rows.update(clients.map((client) => ({ ...client, since })));
    },
  };
}

/**
 * A table of figures, a name and its figures in each row; on a phone a block of them.
 *
 * @param {string} caption
 * @param {string[]} columns
 * @param {HTMLElement} body
 */
export function createFigureTable(caption, columns, body) {
  const head = columns.map((text) => h("th", { scope: "col", role: "columnheader" }, text));
  return h(
    "table",
    { class: "figures", role: "table" },
    h("caption", { class: "unseen" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...head)),
    body,
  );
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
      show(rate, client.error_rate === null ? "–" : format.rate(client.error_rate), null);
      const at = client.last_event_at;
      show(newest, at === null ? "–" : format.ago((now() - Date.parse(at)) / 1000), null);
      setAttribute(stalled.element, "data-tone", client.stalled === 0 ? null : "warn");
      setAttribute(failed.element, "data-tone", toneOfFailures(client));
      setAttribute(partial.element, "data-tone", client.partial === 0 ? null : "warn");
    },
  };
}
