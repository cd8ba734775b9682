/** The ledger's terms as people read them. */

import { asNumber, asText, mapOf, readError } from "./shapes.js";

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

export const STATUSES = Object.freeze({
  queued: "Queued",
  running: "Running",
  stalled: "Stalled",
  completed: "Completed",
});
export const FAILURES = "failed,timed_out";
export const RESULTS = Object.freeze({
  succeeded: OUTCOME_LABELS.succeeded,
  partial: OUTCOME_LABELS.partial,
  failed: OUTCOME_LABELS.failed,
  cancelled: OUTCOME_LABELS.cancelled,
  timed_out: OUTCOME_LABELS.timed_out,
  [FAILURES]: "Failed or timed out",
});

/** The fingerprint of failures that said nothing. */
const NO_REASON = "none";

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

/** What a status and a result come to: the one word that a badge says. */
export function outcomeOf({ status, result, stalled = false }) {
  const word = status === "completed" ? result : status === "running" && stalled ? "stalled" : status;
  return word !== null && Object.hasOwn(OUTCOME_LABELS, word)
    ? word
    : "unknown";
}

export function titleOf(job) {
  return job.name ?? job.job_id;
}

export function recordsThrough(counters) {
  const { records_ok: ok = 0, records_failed: failed = 0, records_skipped: skipped = 0 } = counters;
  return ok + failed + skipped;
}

export function spellOut(name) {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function counterText(name, value, format) {
  return KNOWN.get(name)?.money ? format.money(value) : format.number(value);
}

export function groupCounters(counters, format) {
  const row = (name, label) => ({
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

/** An entry of the history in words: what happened, and what it added. */
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

/** An address that may become a link: https, and nothing that hides where it leads. */
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

/** What a list of jobs that ended in a span says of it; empty where all times will do. */
export function endedText({ ended_from: from = "", ended_to: to = "" }, timeText) {
  const say = (at) => (Number.isNaN(Date.parse(at)) ? at : timeText(at));
  if (from === "") {
    return to === "" ? "" : `before ${say(to)}`;
  }
  return to === "" ? `since ${say(from)}` : `${say(from)} – ${say(to)}`;
}

/** What the jobs of a fingerprint have failed of, as far as one of them is there to say it. */
export function failureText(fingerprint = "", jobs = []) {
  const known = jobs.find(({ error }) => error !== null && error.fingerprint === fingerprint);
  if (known !== undefined) {
    return known.error.type;
  }
  return fingerprint === NO_REASON ? "without a reason" : fingerprint;
}

/** `1 job`, `12 jobs` */
export function countOf(count, one, many, format) {
  return `${format.number(count)} ${count === 1 ? one : many}`;
}

/** What became of jobs, as text: only what there is of it, what goes on first. */
export function totalsText(totals, format) {
  const parts = Object.keys(OUTCOME_LABELS)
    .filter((name) => totals[name] > 0)
    .map((name) => `${format.number(totals[name])} ${OUTCOME_LABELS[name].toLowerCase()}`);
  return parts.length === 0 ? "no jobs yet" : parts.join(" · ");
}

/** The answer to "is my work all right?", in one sentence, and how it sounds. */
export function verdictOf({ running, stalled, failed, ended, created }, format) {
  const jobs = (count) => countOf(count, "job", "jobs", format);
  if (failed > 0) {
    // a job that fails, is tried again and does well is counted here, too
    const attempts = countOf(failed, "attempt", "attempts", format);
    const silent = stalled > 0 ? `, ${jobs(stalled)} stalled` : "";
    return { tone: "bad", text: `${attempts} failed in the last 24 hours${silent}.` };
  }
  if (stalled > 0) {
    return { tone: "warn", text: `${jobs(stalled)} stalled: no word from ${stalled === 1 ? "it" : "them"}.` };
  }
  if (running > 0) {
    return { tone: "good", text: `All is well: ${jobs(running)} running, none failed in 24 hours.` };
  }
  return ended + created > 0
    ? { tone: "good", text: "All is well: none failed in the last 24 hours." }
    : { tone: "calm", text: "Nothing runs now, and nothing ended in the last 24 hours." };
}
