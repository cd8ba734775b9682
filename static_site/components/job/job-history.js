/** The history of a job: its events, newest first. */

import { describeEntry, errorText } from "../../lib/counters.js";
import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { readError } from "../../lib/shapes.js";
import { createTimeText } from "../figures/time-text.js";
import { createCard } from "../page/card.js";
import { createStatusBadge } from "./job-state.js";

/** An event that takes longer than this to arrive is marked as late. */
const LATE_SECONDS = 60;
const WITHOUT_ID = "Its producer gave it no event_id: if it is sent again, it counts again";

/** @param {Tools & { onMore: () => void }} tools */
export function createJobHistory({ format, now, onMore }) {
  const list = h("ol", { class: "history" });
  const more = h("button", { class: "button", type: "button", onclick: onMore }, "Load earlier events");
  const note = h("p", { class: "history__note", role: "status" });
  const element = createCard("history", "History", list, note, more);
  /** @type {Set<string>} the errors that stand on the page: each message is written once */
  let told = new Set();
  const rows = keyedList(list, {
    keyOf: (/** @type {Entry} */ entry) => entry.event_id,
    make: (entry) => createEntry(entry, { format, now }, told),
  });
  return {
    element,

    /**
     * @param {Entry[]} entries
     * @param {{ hasMore: boolean, isAsking: boolean, note: string, errors: string[] }} state
     */
    update(entries, state) {
      told = new Set(entries.length === 0 ? state.errors : [...told, ...state.errors]);
      rows.update(entries);
      setHidden(more, !state.hasMore);
      setAttribute(more, "aria-disabled", state.isAsking ? "true" : null);
      setText(more, state.isAsking ? "Loading …" : "Load earlier events");
      setText(note, state.note);
      setHidden(note, state.note === "");
    },
  };
}

/**
 * An entry never changes, so all of it is written once; the event as it was sent is written when
 * somebody opens it.
 *
 * @param {Entry} entry
 * @param {Tools} tools
 * @param {Set<string>} told
 */
function createEntry(entry, { format, now }, told) {
  const { outcome, headline, facts } = describeEntry(entry, format, told);
  const error = readError(entry.detail.error);
  if (error !== null) {
    told.add(errorText(error));
  }
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
      (entry.detail.event_id ?? null) === null
        ? h("span", { class: "history__late", title: WITHOUT_ID }, "no event_id")
        : null,
    ),
    facts.length === 0
      ? null
      : h("ul", { class: "history__facts" }, ...facts.map((fact) => h("li", {}, bdi(fact)))),
    details,
  );
  return { element, update: () => at.update(entry.occurred_at, now()) };
}

/** @param {Entry} entry @param {Format} format */
function lateText(entry, format) {
  if (entry.received_at === null) {
    return "";
  }
  const seconds = (Date.parse(entry.received_at) - Date.parse(entry.occurred_at)) / 1000;
  return seconds > LATE_SECONDS ? `arrived ${format.duration(seconds)} late` : "";
}
