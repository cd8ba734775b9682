/** What was used in a period by client, project or model, compared with the previous period. */

import { asList, asNumber, asObject, asText, mapOf } from "../../lib/shapes.js";
import { recordsProcessed } from "../../lib/words.js";

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

/**
 * Add up the sums of times that follow each other. A group that one of them may have added up among
 * others is so in the whole, too.
 *
 * @param {Sums[]} times
 * @param {boolean} isByModel
 * @returns {Sums}
 */
export function addSums(times, isByModel) {
  /** @type {Sums["groups"]} */
  const groups = new Map();
  /** @type {Sums["rest"]} */
  let rest = null;
  for (const one of times) {
    for (const [name, sums] of one.groups) {
      const isTold = times.every((other) => other.groups.has(name) || !hidesSome(other, isByModel));
      if (isTold || isByModel) {
        const key = isTold ? name : OTHER_MODELS;
        groups.set(key, sumUp(groups.get(key) ?? {}, sums));
      } else {
        rest = sumUp(rest ?? {}, sums);
      }
    }
    rest = one.rest === null ? rest : sumUp(rest ?? {}, one.rest);
  }
  const left = times.map(({ leftOut }) => leftOut);
  const names = [...new Set(left.flatMap((one) => one.names))];
  return {
    groups,
    rest,
    leftOut: {
      count: Math.max(names.length, ...left.map(({ count }) => count)),
      names,
      after: left.flatMap(({ after }) => after ?? []).sort()[0] ?? null,
    },
  };
}

/** @param {Sums} sums @param {boolean} isByModel @returns {boolean} whether some groups are added up as one */
function hidesSome({ groups, rest }, isByModel) {
  return isByModel ? groups.has(OTHER_MODELS) : rest !== null;
}

/** @param {unknown} series */
function sumOf(series) {
  /** @type {Record<string, number>} */
  let sums = {};
  for (const point of asList(asObject(series).points)) {
    sums = sumUp(sums, mapOf(asObject(point).counters, asNumber));
  }
  return sums;
}

/** @param {Record<string, number>} sums @param {Record<string, number>} more */
function sumUp(sums, more) {
  const all = new Map(Object.entries(sums));
  for (const [name, value] of Object.entries(more)) {
    all.set(name, (all.get(name) ?? 0) + value);
  }
  return Object.fromEntries(all);
}

/**
 * Return the rows of a table, the dearest first, and their total.
 *
 * `before` is null where the previous period can't be told of a group, as it may be among the others
 * of that period. The name of the rest is "".
 *
 * @param {Sums} now
 * @param {Sums} previous
 * @param {boolean} isByModel whether the rest was reported without a model, and is not other groups
 * @returns {{ rows: CostRow[], total: CostRow }}
 */
export function costRows(now, previous, isByModel) {
  /** @type {CostRow[]} */
  const rows = [...now.groups].map(([name, sums]) => ({
    name,
    sums,
    before: previous.groups.get(name) ?? (hidesSome(previous, isByModel) ? null : {}),
  }));
  for (const [name, before] of previous.groups) {
    if (!now.groups.has(name) && !hidesSome(now, isByModel)) {
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
  const nothing = {};
  return [...groups.values(), rest ?? {}].reduce(sumUp, nothing);
}

/** @param {Record<string, number>} sums in millionths of a dollar */
export const costOf = ({ cost_microusd: cost = 0 }) => cost;

/** @param {Record<string, number>} sums */
export const tokensOf = ({ input_tokens: input = 0, output_tokens: output = 0 }) => input + output;

/** @param {Record<string, number>} sums @returns {number | null} in millionths of a dollar */
export function perRecord(sums) {
  const records = recordsProcessed(sums);
  return records > 0 ? costOf(sums) / records : null;
}
