/** What counters are called, and what an entry of the history says. */

import { OUTCOMES, outcomeOf } from "./outcomes.js";
import { asNumber, asText, mapOf, readError } from "./shapes.js";

const UNPRICED = "llm_calls_unpriced";

/** @type {{ title: string, counters: { name: string, label: string, money?: boolean }[] }[]} */
const COUNTER_GROUPS = [
  {
    title: "Records",
    counters: [
      { name: "records_ok", label: "Done" },
      { name: "records_failed", label: "Failed" },
      { name: "records_skipped", label: "Skipped" },
    ],
  },
  {
    title: "Model calls",
    counters: [
      { name: "llm_calls", label: "Calls" },
      { name: "llm_errors", label: "Errors" },
      { name: "llm_answers_unread", label: "Answers not understood" },
    ],
  },
  {
    title: "Tokens",
    counters: [
      { name: "input_tokens", label: "Input" },
      { name: "cache_read_input_tokens", label: "Input, from cache" },
      { name: "output_tokens", label: "Output" },
    ],
  },
  {
    title: "Cost",
    counters: [
      { name: "cost_microusd", label: "Model cost", money: true },
      { name: UNPRICED, label: "Calls without a known cost" },
    ],
  },
];

const KNOWN = new Map(
  COUNTER_GROUPS.flatMap((group) => group.counters.map((each) => [each.name, each])),
);

/** @param {string} name "input_tokens" becomes "Input tokens" */
export function spellOut(name) {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} name @param {number} value @param {Format} format */
export function counterText(name, value, format) {
  return KNOWN.get(name)?.money ? format.money(value) : format.number(value);
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
  return KNOWN.get(name)?.money && counters[UNPRICED] > 0 ? `at least ${text}` : text;
}

/**
 * Return the counters of a job in groups, those that the site doesn't know in a last one.
 *
 * @param {Record<string, number>} counters
 * @param {Format} format
 */
export function groupCounters(counters, format) {
  /** @param {string} name @param {string} label */
  const row = (name, label) => ({
    name,
    label,
    text: counterOf(name, counters, format),
  });
  const groups = COUNTER_GROUPS.map((group) => ({
    title: group.title,
    rows: group.counters
      .filter((each) => Object.hasOwn(counters, each.name))
      .map((each) => row(each.name, each.label)),
  }));
  const others = Object.keys(counters)
    .filter((name) => !KNOWN.has(name))
    .sort()
    .map((name) => row(name, spellOut(name)));
  return [...groups, { title: "Others", rows: others }].filter((group) => group.rows.length > 0);
}

/**
 * Put an entry of the history into words: what happened, and what it added.
 *
 * @param {Pick<Entry, "detail">} entry
 * @param {Format} format
 */
export function describeEntry({ detail }, format) {
  const status = asText(detail.status);
  const outcome = status === null ? null : outcomeOf({ status, result: asText(detail.result) });
  const stage = asText(detail.stage);
  const error = readError(detail.error);
  const deltas = Object.entries(mapOf(detail.delta, asNumber)).map(([name, value]) => {
    const sign = value > 0 ? "+" : "";
    const label = name === "cost_microusd" ? "cost" : spellOut(name).toLowerCase();
    return `${sign}${counterText(name, value, format)} ${label}`;
  });
  const facts = [
    ...(stage === null ? [] : [`Stage: ${stage}`]),
    ...(error === null ? [] : [`${error.type}: ${error.message}`]),
    ...deltas,
  ];
  const change = deltas.length > 0 ? "Progress" : "Update";
  return { outcome, headline: outcome === null ? change : OUTCOMES[outcome].label, facts };
}
