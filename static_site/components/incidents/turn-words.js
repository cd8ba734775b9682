/** What became of an incident, in words: who did what, and until when. */

import { closedWords, wordIn } from "./incident-words.js";

/** Why people were told again, by the API's word for it. */
const CHANGES = Object.freeze({
  grew: "Grew",
  reminder: "Reminded",
  acknowledged: "Acknowledged",
  muted: "Muted",
  unmuted: "Unmuted",
  mute_ended: "Mute ended",
  noted: "Note",
});

/**
 * Return what happened, as in "Muted by ada@acme.example until 14:00".
 *
 * @param {IncidentTurn} turn
 * @param {number} now
 * @param {Format} format
 */
export function turnText({ kind, because, by, until }, now, format) {
  const who = by === null ? "" : ` by ${by}`;
  const end = until === null ? "" : ` until ${format.time(until, now)}`;
  return `${whatHappened(kind, because)}${who}${end}`;
}

/** @param {string} kind @param {string | null} because */
function whatHappened(kind, because) {
  const plain = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  if (because === null) {
    return plain;
  }
  return kind === "changed" ? wordIn(CHANGES, because) : `${plain}: ${closedWords(because)}`;
}
