/** The line that says how far the figures are proved: jobs recounted from their events. */

import { h, setAttribute, setText } from "../../lib/dom.js";
import { exactUtc } from "../../lib/format.js";
import { countOf } from "../../lib/words.js";

const HOUR = 3_600_000;
/** A job settles in an hour, and runs come every quarter of an hour; later than this is late. */
const LATE = 3 * HOUR;
/** On a busy day, totals are recounted once it is over. */
const TOTALS_LATE = 24 * HOUR + 2 * LATE;
/** The API counts no more differences than this. */
const MOST_COUNTED = 1000;
/** Where no job is old enough, "0 differences" would be no news. */
const NOTHING_YET = "Nothing is proved yet: a job is proved an hour after its last event.";

/** @param {Format} format */
export function createProofLine(format) {
  const element = h("p", { class: "verdict__proof" });
  return {
    element,
    /**
     * @param {Proof | null} proof null where the API does not tell
     * @param {number} now
     */
    update(proof, now) {
      const { text, isTrouble } = proofWords(proof, now, format);
      setText(element, text);
      setAttribute(element, "data-trouble", isTrouble ? "true" : null);
      const at = proof?.proved_to ?? null;
      const rows = proof?.rows_proved_to ?? null;
      const totals = rows === null ? "" : `, their totals until ${exactUtc(rows)}`;
      setAttribute(
        element,
        "title",
        at === null ? null : `Jobs were recounted from their events until ${exactUtc(at)}${totals}.`,
      );
    },
  };
}

/**
 * Return in one sentence how far the figures are proved, and whether people should care.
 *
 * @param {Proof | null} proof null where the API does not tell
 * @param {number} now
 * @param {Format} format
 */
export function proofWords(proof, now, format) {
  if (proof === null) {
    return { text: "How far these figures are proved is not known now.", isTrouble: true };
  }
  const { proved_to: to, rows_proved_to: rows, judged, differences } = proof;
  if (to === null) {
    return { text: "These figures are not proved yet.", isTrouble: false };
  }
  const late = now - Date.parse(to);
  const isLate = late > LATE;
  const behind = isLate ? `, ${format.duration(Math.floor(late / 1000))} behind` : "";
  const counted = countOf(differences, "difference", "differences", format);
  const found = `${differences < MOST_COUNTED ? "" : "at least "}${counted}`;
  const jobs = countOf(judged, "job", "jobs", format);
  const isShort = rows !== null && now - Date.parse(rows) > TOTALS_LATE;
  if (judged === 0 && differences === 0 && !isLate && !isShort) {
    return { text: NOTHING_YET, isTrouble: false };
  }
  const totals = isShort ? `; totals only to ${format.minutes(rows, now)}` : "";
  return {
    text: `Proved${isLate ? " only" : ""} to ${format.minutes(to, now)}${behind}: ${found} in ${jobs}${totals}`,
    isTrouble: isLate || isShort || differences > 0,
  };
}
