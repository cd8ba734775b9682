/** The view of all incidents, open and closed. */

import { createTimeText } from "../../components/figures/time-text.js";
import { INCIDENT_FILTERS, incidentsQuery } from "../../components/incidents/incident-filters.js";
import { createJobsOf } from "../../components/incidents/incident-parts.js";
import {
  clientHashOf,
  clientText,
  errorText,
  incidentHash,
  ruleText,
  stateText,
  subjectText,
} from "../../components/incidents/incident-words.js";
import { createListView } from "../../components/lists/list-view.js";
import { bdi, h, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { listHash } from "../../lib/route.js";
import { readIncident } from "../../lib/view-shapes.js";

const SILENT =
  "Incidents are turned off for this ledger: nobody is told of what fails, and none opens or closes.";

/** @param {Context} context */
export function createIncidentsView(context) {
  return createListView(context, {
    name: "incidents",
    title: "Incidents",
    words: ["incident", "incidents"],
    empty: ({ state }) => ({
      title: state === "" ? "No incident is open" : "There are no incidents",
      text: [
        "None matches these filters. The alerts of each client say what is an incident.",
        ...(state === "" ? [h("a", { href: listHash("incidents", { state: "closed" }) }, "Closed incidents")] : []),
      ],
    }),
    filters: INCIDENT_FILTERS,
    queryOf: (filters) => incidentsQuery(filters, context.clock.now()),
    noteOf: ({ telling }) => (telling ? "" : SILENT),
    isOrdered: true,
    className: "card-list",
    read: readIncident,
    keyOf: (incident) => incident.incident_id,
    make: () => createIncident(context),
  });
}

/** @param {Context} context @returns {Part<Incident>} */
function createIncident({ format, clock }) {
  const title = bdi("");
  const link = h("a", {}, title);
  const state = h("span", { class: "quiet" });
  const jobs = createJobsOf(format);
  const message = bdi("", "error-text");
  const [began, closed] = [createTimeText(format), createTimeText(format)];
  const end = h("span", {}, " · closed ", closed.element);
  const client = h("a", {});
  const whose = h("span", {}, "Client ", client);
  const rule = h("span");
  return {
    element: h(
      "li",
      { class: "card surface incident-card" },
      h("p", { class: "incident-card__head" }, h("strong", {}, link), state, jobs.element),
      message,
      h("p", { class: "quiet" }, "Since ", began.element, end),
      h("p", { class: "quiet" }, whose, rule),
    ),

    update(incident) {
      const now = clock.now();
      setText(title, subjectText(incident));
      setAttribute(link, "href", incidentHash(incident.incident_id));
      setText(state, stateText(incident));
      jobs.update(incident);
      setText(message, errorText(incident));
      setHidden(message, message.textContent === "");
      began.update(incident.began_at, now);
      closed.update(incident.closed_at, now);
      setHidden(end, incident.closed_at === null);
      const place = clientHashOf(incident);
      setText(client, incident.client_id);
      setAttribute(client, "href", place);
      setHidden(whose, place === null);
      setText(rule, place === null ? clientText(incident) : ruleText(incident) && ` · ${ruleText(incident)}`);
    },
  };
}
