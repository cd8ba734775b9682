/** The ledger's terms as people read them. */

import { asNumber, asText, mapOf, readError } from "./shapes.js";

/** @typedef {import("./shapes.js").Job} Job */
/** @typedef {import("./shapes.js").Entry} Entry */
/** @typedef {import("./format.js").Format} Format */
/** @typedef {"queued" | "running" | "stalled" | "succeeded" | "partial" | "failed"
 *   | "cancelled" | "timed_out" | "unknown"} Outcome */

/** @type {Readonly<Record<Outcome, string>>} */
export const OUTCOME_LABELS = Object.freeze({
  queued: "Queued",
  running: "Running",
  stalled: "Stalled",
  succeeded: "Succeeded",
  partial: "Partly done",
  failed: "Failed",
  cancelled: "Cancelled",
  timed_out: "Timed out",
  unknown: "Unknown",
});

/** The choices of the two filters, in the order in which they are offered. */
export const STATUSES = Object.freeze({
  queued: "Queued",
  running: "Running",
  completed: "Completed",
});
export const RESULTS = Object.freeze({
  succeeded: OUTCOME_LABELS.succeeded,
  partial: OUTCOME_LABELS.partial,
  failed: OUTCOME_LABELS.failed,
  cancelled: OUTCOME_LABELS.cancelled,
  timed_out: OUTCOME_LABELS.timed_out,
});

/**
 * @typedef {object} CounterGroup
 * @property {string} title
 * @property {{ name: string, label: string, money?: boolean }[]} counters
 */

/** @type {readonly CounterGroup[]} */
const COUNTER_GROUPS = Object.freeze([
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
  { title: "Cost", counters: [{ name: "cost_microusd", label: "Model cost", money: true }] },
]);

const KNOWN = new Map(
  COUNTER_GROUPS.flatMap((group) => group.counters.map((each) => [each.name, each])),
);

/**
 * What a status and a result come to: the one word that a badge says.
 *
 * @param {{ status: string, result: string | null, stalled?: boolean }} state
 * @returns {Outcome}
 */
export function outcomeOf({ status, result, stalled = false }) {
  const word = status === "completed" ? result : status === "running" && stalled ? "stalled" : status;
  return word !== null && Object.hasOwn(OUTCOME_LABELS, word)
    ? /** @type {Outcome} */ (word)
    : "unknown";
}

/** @param {Job} job */
export function titleOf(job) {
  return job.name ?? job.job_id;
}

/**
 * The records that are through, whatever became of them.
 *
 * @param {Record<string, number>} counters
 */
export function recordsThrough(counters) {
  const { records_ok: ok = 0, records_failed: failed = 0, records_skipped: skipped = 0 } = counters;
  return ok + failed + skipped;
}

/** @param {string} name `pages_crawled` → `Pages crawled` */
export function spellOut(name) {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {string} name
 * @param {number} value
 * @param {Format} format
 */
export function counterText(name, value, format) {
  return KNOWN.get(name)?.money ? format.money(value) : format.number(value);
}

/**
 * A job's counters in the groups in which they are shown, the unknown ones last.
 *
 * @param {Record<string, number>} counters
 * @param {Format} format
 */
export function groupCounters(counters, format) {
  const row = (/** @type {string} */ name, /** @type {string} */ label) => ({
    name,
    label,
    text: counterText(name, counters[name], format),
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
 * An entry of the history in words: what happened, and what it added.
 *
 * @param {Entry} entry
 * @param {Format} format
 * @returns {{ outcome: Outcome | null, headline: string, facts: string[] }}
 */
export function describeEntry(entry, format) {
  const status = asText(entry.detail.status);
  const outcome =
    status === null ? null : outcomeOf({ status, result: asText(entry.detail.result) });
  const stage = asText(entry.detail.stage);
  const error = readError(entry.detail.error);
  const deltas = Object.entries(mapOf(entry.detail.delta, asNumber)).map(([name, value]) => {
    const sign = value > 0 ? "+" : "";
    const label = name === "cost_microusd" ? "cost" : spellOut(name).toLowerCase();
    return `${sign}${counterText(name, value, format)} ${label}`;
  });
  const facts = [
    ...(stage === null ? [] : [`Stage: ${stage}`]),
    ...(error === null ? [] : [`${error.type}: ${error.message}`]),
    ...deltas,
  ];
  const headline = outcome === null ? (deltas.length > 0 ? "Progress" : "Update") : "";
  return { outcome, headline: headline || OUTCOME_LABELS[outcome ?? "unknown"], facts };
}

/**
 * An address that may become a link: https, and nothing that hides where it leads.
 *
 * @param {string | null} text
 */
export function safeLink(text) {
  if (text === null) {
    return null;
  }
  try {
    const url = new URL(text);
    return url.protocol === "https:" && url.username === "" && url.password === ""
      ? url.href
      : null;
  } catch {
    return null;
  }
}
