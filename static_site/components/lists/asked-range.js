/** Times that a list of jobs can't have, and what is shown in their place. */

import { endedText } from "../../lib/words.js";
import { dayAfter, dayIn, startOfDay } from "../page/zones.js";

const PAIRS = [
  ["from", "to", "created"],
  ["ended_from", "ended_to", "ended"],
];

/**
 * Return the filters to ask with, and what to say where they are not those that were asked for: a
 * time range that ends before it begins is turned round, and one that has not begun is left out.
 *
 * @param {Filters} filters
 * @param {number} now milliseconds since 1970
 * @param {Format} format
 */
export function askedRange(filters, now, format) {
  let asked = filters;
  /** @type {string[]} */
  const notes = [];
  /** @param {string} [from] @param {string} [to] */
  const words = (from, to) =>
    endedText({ ended_from: from ?? "", ended_to: to ?? "" }, (at) => format.time(at, now));
  for (const [from, to, what] of PAIRS) {
    const given = [filters[from], filters[to]];
    const [first, last] = given.map((moment) => Date.parse(moment ?? ""));
    const said = `You asked for jobs ${what} ${words(...given)}`;
    if (first > now && !(last <= now)) {
      asked = { ...asked, [from]: "", [to]: "" };
      notes.push(`${said}, which has not come yet: jobs of any time are shown.`);
    } else if (first > last) {
      const [begin, end] = turned(first, last, format.zone());
      asked = { ...asked, [from]: begin, [to]: end };
      notes.push(`${said}, which ends before it begins: ${words(begin, end)} is shown.`);
    }
  }
  return { filters: asked, note: notes.join(" ") };
}

/**
 * Say in which time jobs were to be created or ended; "" where no filter says it.
 *
 * @param {Filters} filters
 * @param {number} now
 * @param {Format} format
 */
export function rangeText(filters, now, format) {
  return PAIRS.flatMap(([from, to, what]) => {
    const ends = { ended_from: filters[from] ?? "", ended_to: filters[to] ?? "" };
    const text = endedText(ends, (at) => format.time(at, now));
    return text === "" ? [] : [`${what} ${text}`];
  }).join(", ");
}

/**
 * Return the same filters without any time.
 *
 * @param {Filters} filters
 * @returns {Filters}
 */
export function ofAnyTime(filters) {
  const names = PAIRS.flatMap(([from, to]) => [from, to]);
  return Object.fromEntries(Object.entries(filters).filter(([name]) => !names.includes(name)));
}

/**
 * Turn a time range round. Of whole days both are included.
 *
 * @param {number} first
 * @param {number} last
 * @param {string} zone
 */
function turned(first, last, zone) {
  /** @param {number} at */
  const isDay = (at) => startOfDay(dayIn(at, zone), zone) === at;
  const [begin, end] =
    isDay(first) && isDay(last)
      ? [startOfDay(dayIn(last - 1, zone), zone), startOfDay(dayAfter(dayIn(first, zone)), zone)]
      : [last, first];
  return [begin, end].map((at) => new Date(at).toISOString().replace(".000Z", "Z"));
}
