/** All that is shown of one job, from its name to its history. */

import { bdi, bone, h, keyedList, setAttribute, setHidden, setText } from "../lib/dom.js";
import { exactUtc } from "../lib/format.js";
import { clientHash, jobHash, listHash } from "../lib/route.js";
import { describeEntry, groupCounters, outcomeOf, safeLink, titleOf } from "../lib/words.js";
import {
  createCard,
  createProgressBar,
  createStatusBadge,
  createTimeText,
  tookText,
} from "./parts.js";

const part = (...cards) => h("div", { class: "job-body__parts" }, ...cards);

/** A longer title than this is set smaller, cut off, and written out among the facts. */
const LONG_TITLE = 60;

export function createJobBody({ format, now, history, children }) {
  const badge = createStatusBadge();
  const title = bdi("");
  const heading = h("h1", { id: "job-title", tabindex: -1 }, title);
  const took = h("span", { class: "job-head__took" });
  const facts = createFacts("facts");
  const progress = createProgressBar(format, true);
  const errorType = bdi("", "error-type");
  const errorText = bdi("", "error-text");
  const error = createCard("error", "What went wrong", errorType, errorText);
  const counters = createJobCounters(format);
  const attempts = createJobAttempts({ format, now });
  const tags = createFacts("facts");
  const tagsCard = createCard("tags", "Tags", tags.element);
  const parts = h(
    "div",
    { class: "job-body__parts is-split" },
    part(error, createCard("progress", "Progress", progress.element)),
    part(facts.element, counters.element, tagsCard),
    part(attempts.element, children, history),
  );
  const skeleton = h(
    "div",
    { class: "job-body__parts", "aria-hidden": "true" },
    ...[1, 2, 3].map(() =>
      h("div", { class: "card" }, bone("short"), bone("long"), bone("middle")),
    ),
  );
  const element = h(
    "div",
    { class: "job-body" },
    h("div", { class: "job-head" }, heading, badge.element, took),
    skeleton,
    parts,
  );

  return {
    element,

    showWaiting(jobId) {
      setText(title, jobId);
      setText(took, "");
      setHidden(badge.element, true);
      setHidden(parts, true);
      setHidden(skeleton, false);
      setAttribute(element, "aria-busy", "true");
    },

    update(job) {
      element.removeAttribute("aria-busy");
      setHidden(badge.element, false);
      setHidden(parts, false);
      setHidden(skeleton, true);
      badge.update(outcomeOf(job));
      setText(title, titleOf(job));
      setAttribute(heading, "class", titleOf(job).length > LONG_TITLE ? "is-long" : null);
      setText(took, tookText(job, now(), format));
      setText(errorType, job.error?.type ?? "");
      setText(errorText, job.error?.message ?? "");
      setHidden(error, job.error === null);
      progress.update(job);
      facts.update(factsOf(job, now(), format));
      counters.update(job);
      attempts.update(job);
      const tagFacts = Object.entries(job.tags).map(([label, text]) => ({ label, text }));
      tags.update(tagFacts);
      setHidden(tagsCard, tagFacts.length === 0);
    },
  };
}

function factsOf(job, now, format) {
  const time = (label, at) =>
    at === null ? [] : [{ label, text: format.time(at, now), title: exactUtc(at), tabindex: 0 }];
  const text = (label, value, href) =>
    value === null || value === "" ? [] : [{ label, text: value, href }];
  const logs = safeLink(job.log_url);
  const seen = job.last_seen_at;
  return [
    ...text("Client", job.client_id, clientHash(job.client_id)),
    ...text(
      "Project",
      job.project_id,
      listHash("jobs", { client_id: job.client_id, project_id: job.project_id }),
    ),
    ...text("Pipeline", job.pipeline),
    ...text("Stage", job.stage),
    ...text("Attempt", format.number(job.attempt)),
    ...text("Job id", job.name === null ? null : job.job_id),
    ...text("Name", titleOf(job).length > LONG_TITLE ? titleOf(job) : null),
    ...text("Part of", job.parent_job_id, jobHash(job.parent_job_id ?? "")),
    ...time("Created", job.created_at),
    ...time("Started", job.started_at),
    ...time("Ended", job.ended_at),
    ...(seen === null
      ? []
      : [
          {
            label: "Last event",
            text: format.ago((now - Date.parse(seen)) / 1000),
            title: exactUtc(seen),
            tabindex: 0,
          },
        ]),
    ...(logs === null
      ? text("Logs", job.log_url)
      : [{ label: "Logs", text: "Open the logs ↗", href: logs, title: logs, outside: true }]),
  ];
}

const LONG_FACT = 60;

/** A small table of names and values, kept up to date in place. */
export function createFacts(className) {
  const element = h("dl", { class: className });
  const rows = keyedList(element, {
    keyOf: (fact) => `${fact.label}\n${fact.href === undefined}`,
    make: createFact,
  });
  return {
    element,

    update(facts) {
      rows.update(facts);
      setHidden(element, facts.length === 0);
    },
  };
}

function createFact(first) {
  const text = bdi("");
  const label = bdi("");
  const link = first.href === undefined ? null : h("a", {}, text);
  const value = h("dd", {}, link ?? text);
  const element = h("div", { class: "fact" }, h("dt", {}, label), value);
  return {
    element,

    update(fact) {
      const isLong = fact.label.length > LONG_FACT || fact.text.length > LONG_FACT;
      setAttribute(element, "class", isLong ? "fact is-long" : "fact");
      setText(label, fact.label);
      setText(text, fact.text);
      setAttribute(value, "title", fact.title);
      setAttribute(value, "tabindex", fact.tabindex);
      if (link !== null) {
        setAttribute(link, "href", fact.href);
        setAttribute(link, "target", fact.outside ? "_blank" : null);
        setAttribute(link, "rel", fact.outside ? "noopener noreferrer" : null);
      }
    },
  };
}

export function createJobCounters(format) {
  const grid = h("div", { class: "counters" });
  const element = createCard("counters", "Counters", grid);
  const groups = keyedList(grid, {
    keyOf: (group) => group.title,
    make(first) {
      const facts = createFacts("counters__rows");
      return {
        element: h("div", { class: "counters__group" }, h("h3", {}, first.title), facts.element),
        update: (group) =>
          facts.update(group.rows.map(({ label, text, name }) => ({ label, text, title: name }))),
      };
    },
  });
  return {
    element,

    update(job) {
      const known = groupCounters(job.counters, format);
      groups.update(known);
      setHidden(element, known.length === 0);
    },
  };
}

export function createJobAttempts({ format, now }) {
  const list = h("ol", { class: "attempts", reversed: true });
  const element = createCard("attempts", "Attempts", list);
  const rows = keyedList(list, {
    keyOf: (attempt) => String(attempt.attempt),
    make: () => createAttempt({ format, now }),
  });
  return {
    element,

    update(job) {
      rows.update([...job.attempts].sort((a, b) => b.attempt - a.attempt));
      setHidden(element, job.attempts.length < 2);
    },
  };
}

function createAttempt({ format, now }) {
  const name = h("strong");
  const badge = createStatusBadge();
  const started = createTimeText(format);
  const took = h("span");
  const error = bdi("", "attempts__error");
  const element = h(
    "li",
    {},
    h("div", { class: "attempts__head" }, name, badge.element),
    h("p", { class: "attempts__when" }, started.element, took),
    error,
  );
  return {
    element,

    update(attempt) {
      setText(name, `Attempt ${format.number(attempt.attempt)}`);
      badge.update(outcomeOf(attempt));
      started.update(attempt.started_at, now());
      setText(took, attempt.started_at === null ? "" : ` · ${tookText(attempt, now(), format)}`);
      setText(
        error,
        attempt.error === null ? "" : `${attempt.error.type}: ${attempt.error.message}`,
      );
    },
  };
}

const LATE_SECONDS = 60;

export function createJobHistory({ format, now, onMore }) {
  const list = h("ol", { class: "history" });
  const more = h("button", { class: "button", type: "button", onclick: onMore }, "Load later events");
  const note = h("p", { class: "history__note", role: "status" });
  const element = createCard("history", "History", list, note, more);
  const rows = keyedList(list, {
    keyOf: (entry) => entry.event_id,
    make: (entry) => createEntry(entry, { format, now }),
  });
  return {
    element,

    update(entries, state) {
      rows.update(entries);
      setHidden(more, !state.hasMore);
      setAttribute(more, "aria-disabled", state.isAsking ? "true" : null);
      setText(more, state.isAsking ? "Loading …" : "Load later events");
      setText(note, state.note);
      setHidden(note, state.note === "");
    },
  };
}

/**
 * An entry never changes, so all of it is written once; the event as it was sent only when it is
 * looked at.
 */
function createEntry(entry, { format, now }) {
  const { outcome, headline, facts } = describeEntry(entry, format);
  const badge = createStatusBadge();
  if (outcome !== null) {
    badge.update(outcome);
  }
  const at = createTimeText(format, -1);
  const raw = h("pre", { tabindex: 0, "aria-label": "The event as it was sent" });
  const details = h("details", {}, h("summary", {}, "Details"), raw);
  details.addEventListener("toggle", () => {
    setText(raw, details.open ? JSON.stringify(entry.detail, null, 2) : "");
  });
  const late = lateText(entry, format);
  const element = h(
    "li",
    { class: "history__entry", "data-outcome": outcome },
    h(
      "div",
      { class: "history__head" },
      at.element,
      outcome === null ? h("strong", {}, headline) : badge.element,
      entry.attempt > 1 ? h("span", {}, `attempt ${format.number(entry.attempt)}`) : null,
      late === "" ? null : h("span", { class: "history__late" }, late),
    ),
    facts.length === 0
      ? null
      : h("ul", { class: "history__facts" }, ...facts.map((fact) => h("li", {}, bdi(fact)))),
    details,
  );
  return { element, update: () => at.update(entry.occurred_at, now()) };
}

function lateText(entry, format) {
  if (entry.received_at === null) {
    return "";
  }
  const seconds = (Date.parse(entry.received_at) - Date.parse(entry.occurred_at)) / 1000;
  return seconds > LATE_SECONDS ? `arrived ${format.duration(seconds)} late` : "";
}
