/** The view of one incident: what is wrong, since when, how often, and what became of it. */

import { createFacts } from "../../components/figures/facts.js";
import { createTimeText } from "../../components/figures/time-text.js";
import { createAnswerForm } from "../../components/incidents/answer-form.js";
import { createJobsOf } from "../../components/incidents/incident-parts.js";
import {
  clientHashOf,
  clientText,
  countText,
  endText,
  errorText,
  lastJobOf,
  ruleText,
  subjectText,
} from "../../components/incidents/incident-words.js";
import { turnText } from "../../components/incidents/turn-words.js";
import { createCard, createSkeleton } from "../../components/page/card.js";
import { createLiveView } from "../../components/page/live-view.js";
import { createResource } from "../../feeds/resource.js";
import { bdi, h, keyedList, setHidden, setText } from "../../lib/dom.js";
import { exactUtc } from "../../lib/format.js";
import { jobHash, listHash } from "../../lib/route.js";
import { readOneIncident } from "../../lib/view-shapes.js";

/** @param {Context} context */
export function createIncidentView(context) {
  const { api, format, clock, acting, onEnded } = context;
  const jobs = createJobsOf(format);
  const rest = h("span");
  const state = h("p", { class: "incident__state" }, jobs.element, " ", rest);
  const message = bdi("", "error-text");
  const facts = createFacts("facts");
  const list = h("ol", { class: "incident-turns" });
  const history = keyedList(list, {
    keyOf: (/** @type {IncidentTurn} */ turn) => `${turn.at} ${turn.kind} ${turn.because} ${turn.event_id}`,
    make: () => createTurn(context, () => incident.data()?.what ?? ""),
  });
  const answer = acting && createAnswerForm({ acting, clock, onSent: () => view.poll.hurry(), onEnded });
  const answers = answer && createCard("answer", "Answer", answer.element);
  let incident = createResource(api, "", readOneIncident);
  const view = createLiveView(context, {
    name: "incident",
    title: "Incident",
    lead: h("a", { class: "back-link", href: "#/incidents" }, "← Incidents"),
    body: h(
      "div",
      { class: "incident" },
      createCard("what", "What is wrong", state, message, facts.element),
      answers,
      createCard("history", "History", list),
    ),
    skeleton: createSkeleton(2, "skeleton-stack"),
    backHash: "#/incidents",
    backLabel: "Incidents",
    reset({ id = "" }) {
      incident = createResource(api, `/incidents/${encodeURIComponent(id)}`, readOneIncident);
      setText(view.heading, "Incident");
      answer?.reset();
    },
    async ask(signal) {
      await incident.ask(signal);
      return answer?.isPending() ?? false;
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
      answer?.update(known);
      if (answers) {
        setHidden(answers, known.state !== "open" && !answer?.isPending());
      }
    },
  });
  return view;
}

/** @param {OneIncident} incident @param {number} now @param {Format} format @returns {Fact[]} */
function factsOf(incident, now, format) {
  const { client_id: client, project_id: project, tag, pipeline, what, muted_until: until } = incident;
  const clientLink = clientHashOf(incident) ?? undefined;
  const isOfJobs = pipeline !== "" && clientLink !== undefined;
  const last = lastJobOf(incident);
  /** @param {string} label @param {string | null} at @returns {Fact[]} */
  const when = (label, at) =>
    at === null ? [] : [{ label, text: format.time(at, now), title: exactUtc(at), tabindex: 0 }];
  return [
    { label: "Client", text: clientText(incident), href: clientLink },
    { label: "By", text: ruleText(incident) },
    { label: "Project", text: project ?? "" },
    { label: "Tag", text: tag ?? "" },
    ...(isOfJobs
      ? [{ label: "Jobs of the pipeline", text: pipeline, href: listHash("jobs", { client_id: client, pipeline }) }]
      : []),
    { label: "Told above", text: what === "error_rate" ? `${incident.fingerprint ?? ""} jobs` : "" },
    ...(last === "" ? [] : [{ label: "Last job", text: last, href: jobHash(last) }]),
    ...when("Began", incident.began_at),
    ...when("Opened", incident.opened_at),
    ...when("Closed", incident.closed_at),
    { label: "Acknowledged by", text: incident.acknowledged_by ?? "" },
    { label: "Muted", text: incident.muted && until === null ? "Yes" : "" },
    ...when("Muted until", until),
  ].filter(({ text }) => text !== "");
}

/** @param {Context} context @param {() => string} what @returns {Part<IncidentTurn>} */
function createTurn({ format, clock }, what) {
  const at = createTimeText(format);
  const happened = bdi("");
  const count = h("span", { class: "quiet" });
  const text = bdi("", "incident-turns__text");
  return {
    element: h("li", {}, at.element, h("div", {}, happened, count, text)),

    update(turn) {
      const now = clock.now();
      at.update(turn.at, now);
      setText(happened, turnText(turn, now, format));
      setText(count, countText(what(), turn.jobs, format));
      setText(text, turn.text ?? "");
      setHidden(text, turn.text === null);
    },
  };
}
