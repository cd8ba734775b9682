/** How far the ledger is proved: its jobs, recounted from their events. */

import { asNumber, asObject, asTime } from "./shapes.js";
import { countOf } from "./words.js";

const HOUR = 3_600_000;
/** A job settles in an hour, and runs come every quarter of an hour; later than this is late. */
const LATE = 3 * HOUR;

/** @param {unknown} value */
export function readProof(value) {
  const raw = asObject(value);
  return {
    proved_to: asTime(raw.proved_to),
    rows_proved_to: asTime(raw.rows_proved_to),
    judged: asNumber(raw.judged) ?? 0,
    differences: asNumber(raw.differences) ?? 0,
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
  const { proved_to: to, judged, differences } = proof;
  if (to === null) {
    return { text: "These figures are not proved yet.", isTrouble: false };
  }
  const late = now - Date.parse(to);
  const isLate = late > LATE;
  const behind = isLate ? `, ${format.duration(Math.floor(late / 1000))} behind` : "";
  const found = countOf(differences, "difference", "differences", format);
  const jobs = countOf(judged, "job", "jobs", format);
  return {
    text: `Proved${isLate ? " only" : ""} to ${format.minutes(to, now)}${behind}: ${found} in ${jobs}`,
    isTrouble: isLate || differences > 0,
  };
}
