/** The view of one incident: what is wrong, since when, how often, and what became of it. */

import { createFacts } from "../../components/figures/facts.js";
import { createTimeText } from "../../components/figures/time-text.js";
import { createJobsOf } from "../../components/incidents/jobs-of.js";
import { endText, errorText, subjectText } from "../../components/incidents/incident-words.js";
import { createCard, createSkeleton } from "../../components/page/card.js";
import { createLiveView } from "../../components/page/live-view.js";
import { createResource } from "../../feeds/resource.js";
import { bdi, h, keyedList, setHidden, setText } from "../../lib/dom.js";
import { exactUtc } from "../../lib/format.js";
import { clientHash, jobHash, listHash } from "../../lib/route.js";
import { readOneIncident } from "../../lib/view-shapes.js";
import { countOf } from "../../lib/words.js";

/** @param {Context} context */
export function createIncidentView(context) {
  const { api, format, clock } = context;
  const jobs = createJobsOf(format);
  const rest = h("span");
  const state = h("p", { class: "incident__state" }, jobs.element, " ", rest);
  const message = bdi("", "error-text");
  const facts = createFacts("facts");
  const list = h("ol", { class: "incident-turns" });
  const history = keyedList(list, {
    keyOf: (/** @type {IncidentTurn} */ turn) => `${turn.at} ${turn.kind} ${turn.because}`,
    make: () => createTurn(context),
  });
  let incident = createResource(api, "", readOneIncident);
  const view = createLiveView(context, {
    name: "incident",
    title: "Incident",
    lead: h("a", { class: "back-link", href: "#/incidents" }, "← All incidents"),
    body: h(
      "div",
      { class: "incident" },
      createCard("what", "What is wrong", state, message, facts.element),
      createCard("history", "History", list),
    ),
    skeleton: createSkeleton(2, "skeleton-stack"),
    backHash: "#/incidents",
    backLabel: "All incidents",
    reset({ id = "" }) {
      incident = createResource(api, `/incidents/${encodeURIComponent(id)}`, readOneIncident);
      setText(view.heading, "Incident");
    },
    async ask(signal) {
      await incident.ask(signal);
      return false;
    },
    data: () => incident.data(),
    render(known) {
      setText(view.heading, subjectText(known));
      jobs.update(known);
      setText(rest, known.state === "open" ? "and the incident is open." : endText(known));
      setText(message, errorText(known));
      setHidden(message, message.textContent === "");
      facts.update(factsOf(known, clock.now(), format));
      history.update(known.history);
    },
  });
  return view;
}

/** @param {Incident} incident @param {number} now @param {Format} format @returns {Fact[]} */
function factsOf(incident, now, format) {
  const { client_id: client, project_id: project, pipeline, last_job_id: last } = incident;
  /** @param {string} label @param {string | null} at @returns {Fact[]} */
  const when = (label, at) =>
    at === null ? [] : [{ label, text: format.time(at, now), title: exactUtc(at), tabindex: 0 }];
  return [
    { label: "Client", text: client, href: clientHash(client) },
    ...(project === null ? [] : [{ label: "Project", text: project }]),
    { label: "Jobs of the pipeline", text: pipeline, href: listHash("jobs", { client_id: client, pipeline }) },
    { label: "Last job", text: last, href: jobHash(last) },
    ...when("Began", incident.began_at),
    ...when("Opened", incident.opened_at),
    ...when("Closed", incident.closed_at),
  ].filter(({ text }) => text !== "");
}

/** @param {Context} context @returns {Part<IncidentTurn>} */
function createTurn({ format, clock }) {
  const at = createTimeText(format);
  const what = bdi("");
  const count = h("span", { class: "quiet" });
  return {
    element: h("li", {}, at.element, h("div", {}, what, count)),

    update({ at: when, kind, because, jobs }) {
      at.update(when, clock.now());
      const word = `${kind[0].toUpperCase()}${kind.slice(1)}`;
      setText(what, because === null ? word : `${word}: ${because.replaceAll("_", " ")}`);
      setText(count, countOf(jobs, "job", "jobs", format));
    },
  };
}
