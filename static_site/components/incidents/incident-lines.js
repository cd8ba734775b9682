/** The incidents that are open now, a line each: what, since when, how often. */

import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { listHash } from "../../lib/route.js";
import { countOf } from "../../lib/words.js";
import { createTimeText } from "../figures/time-text.js";
import { createCard } from "../page/card.js";
import { clientText, errorText, incidentHash, jobsText, ruleText, subjectText } from "./incident-words.js";

const SILENT = "Nobody is told of what fails: incidents are turned off for this ledger.";

/** @param {Format} format @param {() => number} now */
export function createIncidentLines(format, now) {
  const list = h("ul", { class: "error-lines" });
  const lines = keyedList(list, {
    keyOf: (/** @type {Incident} */ incident) => incident.incident_id,
    make: () => createLine(format, now),
  });
  const none = h("p", { class: "quiet" });
  const all = h("a", {});
  return {
    element: createCard("incidents", "Open incidents", list, none, h("p", {}, all)),

    /** @param {Overview["incidents"]} incidents */
    update({ telling, open, newest }) {
      lines.update(newest);
      setHidden(list, newest.length === 0);
      setText(none, telling ? "No incident is open." : SILENT);
      setHidden(none, telling && open !== 0);
      const isMore = open === null || open > newest.length;
      const more = open === null ? "open incidents" : countOf(open, "open incident", "open incidents", format);
      setText(all, isMore ? `All ${more}` : "All incidents");
      setAttribute(all, "href", listHash("incidents", isMore ? {} : { state: "all" }));
    },
  };
}

/** @param {Format} format @param {() => number} now @returns {Part<Incident>} */
function createLine(format, now) {
  const count = h("a", { class: "error-lines__count" });
  const pipeline = bdi("");
  const message = bdi("", "error-lines__message");
  const client = h("span", { dir: "auto" });
  const since = createTimeText(format);
  return {
    element: h("li", {}, count, h("div", {}, pipeline, message,
      h("p", { class: "quiet" }, client, " · since ", since.element))),

    update(incident) {
      setText(count, jobsText(incident, format));
      setAttribute(count, "href", incidentHash(incident.incident_id));
      setText(pipeline, subjectText(incident));
      setText(message, errorText(incident));
      setText(client, [clientText(incident), ruleText(incident)].filter((part) => part !== "").join(" · "));
      since.update(incident.began_at, now());
    },
  };
}
