/** What was used in a period by client, project or model, compared with the period before. */

import { asList, asNumber, asObject, asText, mapOf } from "../../lib/shapes.js";
import { recordsDone } from "../../lib/words.js";
import { dayAfter, dayIn, startOfDay } from "../page/zones.js";

/** The group of what has no series of its own; the API's keys are no such text. */
const REST = "";
/** The members that a series is named by. */
const KEYS = ["client_id", "project_id", "model"];
/** The model that the API adds up as what it keeps no sums of; no producer's has this name. */
export const OTHER_MODELS = "other";

/**
 * The sums of each group, of the API's trends.
 *
 * @param {unknown} value
 */
export function readSums(value) {
  const raw = asObject(value);
  /** @type {Map<string, Record<string, number>>} */
  const groups = new Map();
  for (const each of asList(raw.series)) {
    const key = asObject(asObject(each).key);
    const name = KEYS.map((member) => asText(key[member])).find((text) => text !== null);
    groups.set(name ?? REST, sumOf(each));
  }
  const left = asObject(raw.left_out);
  return {
    groups,
    /** null where every group has a series */
    rest: raw.other === null || raw.other === undefined ? null : sumOf(raw.other),
    leftOut: {
      count: asNumber(left.count) ?? 0,
      names: [...asList(left.clients), ...asList(left.projects)].map(String),
      after: asText(left.after),
    },
  };
}

/** @param {unknown} series */
function sumOf(series) {
  /** @type {Record<string, number>} */
  const sums = {};
  for (const point of asList(asObject(series).points)) {
    add(sums, mapOf(asObject(point).counters, asNumber));
  }
  return sums;
}

/** @param {Record<string, number>} sums @param {Record<string, number>} more */
function add(sums, more) {
  for (const [name, value] of Object.entries(more)) {
    sums[name] = (Object.hasOwn(sums, name) ? sums[name] : 0) + value;
  }
}

/**
 * Return the rows of a table, the dearest first, and their total.
 *
 * `before` is null where the period before can't be told of a group, as it may be among the others
 * of that period. The name of the rest is "".
 *
 * @param {Sums} now
 * @param {Sums} previous
 * @param {boolean} isByModel whether the rest is what was not told by model, and not other groups
 * @returns {{ rows: CostRow[], total: CostRow }}
 */
export function costRows(now, previous, isByModel) {
  /** @param {Sums} sums whether some groups are added up as one */
  const hides = (sums) => (isByModel ? sums.groups.has(OTHER_MODELS) : sums.rest !== null);
  /** @type {CostRow[]} */
  const rows = [...now.groups].map(([name, sums]) => ({
    name,
    sums,
    before: previous.groups.get(name) ?? (hides(previous) ? null : {}),
  }));
  for (const [name, before] of previous.groups) {
    if (!now.groups.has(name) && !hides(now)) {
      rows.push({ name, sums: {}, before });
    }
  }
  rows.sort(
    (a, b) =>
      costOf(b.sums) - costOf(a.sums) ||
      tokensOf(b.sums) - tokensOf(a.sums) ||
      (a.name < b.name ? -1 : 1),
  );
  if (now.rest !== null) {
    rows.push({ name: REST, sums: now.rest, before: isByModel ? (previous.rest ?? {}) : null });
  } else if (isByModel && previous.rest !== null) {
    rows.push({ name: REST, sums: {}, before: previous.rest });
  }
  return { rows, total: { name: "Total", sums: totalOf(now), before: totalOf(previous) } };
}

/** @param {Sums} sums */
function totalOf({ groups, rest }) {
  /** @type {Record<string, number>} */
  const total = {};
  for (const each of [...groups.values(), rest ?? {}]) {
    add(total, each);
  }
  return total;
}

/** @param {Record<string, number>} sums in millionths of a dollar */
export const costOf = ({ cost_microusd: cost = 0 }) => cost;

/** @param {Record<string, number>} sums */
export const tokensOf = ({ input_tokens: input = 0, output_tokens: output = 0 }) => input + output;

/** @param {Record<string, number>} sums @returns {number | null} in millionths of a dollar */
export function perRecord(sums) {
  const records = recordsDone(sums);
  return records > 0 ? costOf(sums) / records : null;
}

/**
 * Return the days of a period and of the one before, as the API is asked for them.
 *
 * Days are those of a zone; today counts as far as it has come, and is compared with yesterday up
 * to the same hour.
 *
 * @param {string} name
 * @param {number} now in milliseconds since 1970
 * @param {string} zone
 * @returns {CostPeriod | null} null for a period that isn't offered
 */
export function costPeriod(name, now, zone) {
  const today = dayIn(now, zone);
  if (name === "today") {
    const yesterday = dayAfter(today, -1);
    const passed = now - startOfDay(today, zone);
    return {
      interval: "hour",
      from: today,
      previousFrom: yesterday,
      // at midnight sharp it is a millisecond, as the API refuses an empty time range
      previousTo: new Date(startOfDay(yesterday, zone) + passed + 1).toISOString(),
      before: "yesterday up to the same hour",
    };
  }
  if (name === "month") {
    const first = `${today.slice(0, 8)}01`;
    const previous = `${dayAfter(first, -1).slice(0, 8)}01`;
    const sameDay = dayAfter(previous, Number(today.slice(8)));
    return {
      interval: "day",
      from: first,
      previousFrom: previous,
      previousTo: sameDay < first ? sameDay : first,
      before: "the month before, up to the same day",
    };
  }
  const days = { "": 7, "30d": 30 }[name];
  if (days === undefined) {
    return null;
  }
  const from = dayAfter(today, 1 - days);
  return {
    interval: "day",
    from,
    previousFrom: dayAfter(from, -days),
    previousTo: from,
    before: `the ${days} days before`,
  };
}
