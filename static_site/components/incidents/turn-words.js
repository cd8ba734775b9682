/** What became of an incident, in words: who did what, and until when. */

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
const ENDS = Object.freeze({
  healed: "well again",
  withdrawn: "no longer wrong, by what is known now",
  resolved: "resolved",
  month_over: "the month is over",
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
  return kind === "changed" ? wordIn(CHANGES, because) : `${plain}: ${wordIn(ENDS, because)}`;
}

/** @param {Readonly<Record<string, string>>} words @param {string} name */
function wordIn(words, name) {
  return Object.hasOwn(words, name) ? words[name] : name.replaceAll("_", " ");
}
