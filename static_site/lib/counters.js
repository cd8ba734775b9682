/** What counters are called, and what an entry of the history says. */

import { OUTCOMES, outcomeOf } from "./outcomes.js";
import { asNumber, asText, mapOf, readError } from "./shapes.js";

const COST = "cost_microusd";
const UNPRICED = "llm_calls_unpriced";

/** @type {[title: string, labels: Record<string, string>][]} labels by the counter's name */
const COUNTER_GROUPS = [
  [
    "Records",
    {
      records_ok: "Records done",
      records_failed: "Records failed",
      records_skipped: "Records skipped",
    },
  ],
  [
    "Language models",
    {
      llm_calls: "Model calls",
      llm_errors: "Model errors",
      llm_answers_unread: "Model answers not understood",
    },
  ],
  [
    "Tokens",
    {
      input_tokens: "Input tokens",
      cache_read_input_tokens: "Input tokens from cache",
      output_tokens: "Output tokens",
    },
  ],
  ["Cost", { [COST]: "Cost", [UNPRICED]: "Model calls without a known cost" }],
];
/** @type {Record<string, string>} */
const GROUPED = Object.assign({}, ...COUNTER_GROUPS.map(([, labels]) => labels));
/** What counters are called; the analysts' app has the same words. @type {Record<string, string>} */
export const COUNTERS = { ...GROUPED, other_counters: "All other counters" };

/** @param {string} name "pages_read" becomes "Pages read" */
export function counterLabel(name) {
  const words = name.replaceAll("_", " ").trim();
  return Object.hasOwn(COUNTERS, name)
    ? COUNTERS[name]
    : words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} name @param {number} value @param {Format} format */
export function counterText(name, value, format) {
  return name === COST ? format.money(value) : format.number(value);
}

/**
 * Return the value of one of all *counters*: a cost without that of some calls is a lower bound.
 *
 * @param {string} name
 * @param {Record<string, number>} counters
 * @param {Format} format
 */
export function counterOf(name, counters, format) {
  const text = counterText(name, counters[name], format);
  return name === COST && counters[UNPRICED] > 0 ? `at least ${text}` : text;
}

/**
 * Return the counters of a job in groups, those that the site doesn't know in a last one.
 *
 * @param {Record<string, number>} counters
 * @param {Format} format
 */
export function groupCounters(counters, format) {
  /** @param {string} name */
  const row = (name) => ({
    name,
    label: counterLabel(name),
    text: counterOf(name, counters, format),
  });
  const groups = COUNTER_GROUPS.map(([title, labels]) => ({
    title,
    rows: Object.keys(labels)
      .filter((name) => Object.hasOwn(counters, name))
      .map(row),
  }));
  const others = Object.keys(counters)
    .filter((name) => !Object.hasOwn(GROUPED, name))
    .sort()
    .map(row);
  return [...groups, { title: "Others", rows: others }].filter((group) => group.rows.length > 0);
}

/** @param {NonNullable<Job["error"]>} error */
export function errorText({ type, message }) {
  return message === "" ? type : `${type}: ${message}`;
}

/**
 * Put an entry of the history into words: what happened, and what it added. Of an error that stands
 * on the page already, only the type is told again.
 *
 * @param {Pick<Entry, "detail">} entry
 * @param {Format} format
 * @param {Set<string>} [told] the errors' texts that stand there
 */
export function describeEntry({ detail }, format, told = new Set()) {
  const status = asText(detail.status);
  const outcome = status === null ? null : outcomeOf({ status, result: asText(detail.result) });
  const stage = asText(detail.stage);
  const error = readError(detail.error);
  const byModel = mapOf(detail.delta_by_model, (item) => mapOf(item, asNumber));
  const models = Object.keys(byModel);
  const sums = sumOf([mapOf(detail.delta, asNumber), ...Object.values(byModel)]);
  const deltas = Object.entries(sums).map(([name, value]) => {
    const sign = value > 0 ? "+" : "";
    const bound = name === COST && sums[UNPRICED] > 0 ? "at least " : "";
    return `${bound}${sign}${counterText(name, value, format)} ${counterLabel(name).toLowerCase()}`;
  });
  const totals = sumOf(Object.values(mapOf(detail.running_totals, (item) => mapOf(item, asNumber))));
  const soFar = Object.entries(totals).map(
    ([name, value]) =>
      `${counterText(name, value, format)} ${counterLabel(name).toLowerCase()} so far`,
  );
  const facts = [
    ...(stage === null ? [] : [`Stage: ${stage}`]),
    ...(error === null ? [] : [told.has(errorText(error)) ? error.type : errorText(error)]),
    ...deltas,
    ...soFar,
    ...(models.length === 0 ? [] : [`by ${models.join(", ")}`]),
  ];
  const change = deltas.length + soFar.length > 0 ? "Progress" : "Update";
  return { outcome, headline: outcome === null ? change : OUTCOMES[outcome].label, facts };
}

/** @param {Record<string, number>[]} parts */
function sumOf(parts) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const [name, value] of parts.flatMap((part) => Object.entries(part))) {
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return Object.fromEntries(sums);
}
