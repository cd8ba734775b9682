/** The answer to "is my work all right?", in words of a period and of the previous one. */

import { ANY_FAILURE } from "./filters.js";
import { countOf } from "./words.js";

/** From this share of failed jobs on, a day has the colour of an outage. */
const OUTAGE = 0.1;

/**
 * Return how failures look: "bad" where many of the jobs that ended failed, "warn" for a few.
 *
 * @param {Pick<Figures, "failed" | "error_rate">} figures
 */
export function toneOfFailures({ failed, error_rate: rate }) {
  return failed === 0 ? null : (rate ?? 1) >= OUTAGE ? "bad" : "warn";
}

/**
 * Answer "is my work all right?" in one sentence, with its tone: "bad", "warn", "good" or "calm".
 *
 * Jobs count once, by the result of their latest attempt: a failure that a retry has healed is
 * none. The sentence comes in parts; a part that counts jobs has the filters of their list.
 *
 * @param {VerdictFigures} figures
 * @param {string | null} since what has ended is counted from then on
 * @param {Format} format
 * @param {PeriodWords} [words]
 * @returns {{ tone: string, text: string, parts: VerdictPart[] }}
 */
export function verdictOf(figures, since, format, words = periodWords("24h")) {
  const troubles = troublesOf(figures, since, format, words);
  const parts = troubles.length === 0 ? [{ text: calmText(figures, format, words) }] : joined(troubles);
  const judged = figures.ended - figures.cancelled;
  const isAtWork = judged > 0 || figures.running > 0;
  const tone =
    toneOfFailures(figures) ?? (troubles.length > 0 ? "warn" : isAtWork ? "good" : "calm");
  return { tone, text: parts.map((part) => part.text).join(""), parts };
}

/**
 * @param {VerdictFigures} figures
 * @param {string | null} since
 * @param {Format} format
 * @param {PeriodWords} words
 * @returns {VerdictPart[][]} what is wrong, each with what more is to say of it
 */
function troublesOf(figures, since, format, words) {
  const { failed, partial, stalled, ended, cancelled, incidents } = figures;
  const judged = ended - cancelled;
  /** @param {number} count @param {boolean} isFirst */
  const share = (count, isFirst) =>
    isFirst && count <= judged
      ? `${format.number(count)} of ${countOf(judged, "job", "jobs", format)}`
      : countOf(count, "job", "jobs", format);
  /** @type {VerdictPart[][]} */
  const found = [];
  if (failed > 0) {
    found.push([
      { text: `${share(failed, true)} failed`, filters: { result: ANY_FAILURE, ended_from: since } },
      { text: ` ${words.during}${rateText(figures, format, words)}` },
    ]);
  }
  if (partial > 0) {
    found.push([
      {
        text: `${share(partial, failed === 0)} ended partial`,
        filters: { result: "partial", ended_from: since },
      },
      { text: `${failed === 0 ? ` ${words.during}` : ""}${recordsText(figures, format)}` },
    ]);
  }
  if (stalled !== null && stalled > 0) {
    found.push([
      { text: `${countOf(stalled, "job", "jobs", format)} stalled`, filters: { status: "stalled" } },
      { text: found.length === 0 ? `: no event has come from ${stalled === 1 ? "it" : "them"}` : "" },
    ]);
  }
  // a failure may be an incident by its client's rules, and another by staff's
  const ofStaff = incidents?.of_staff ?? 0;
  const own = (incidents?.open ?? 0) - ofStaff;
  for (const [count, by, of] of [[own, "", "false"], [ofStaff, " by staff’s rules", "true"]]) {
    if (Number(count) > 0) {
      const text = countOf(Number(count), `incident is open${by}`, `incidents are open${by}`, format);
      found.push([{ text, filters: ofStaff > 0 ? { of_staff: String(of) } : {}, view: "incidents" }]);
    }
  }
  return found;
}

/** @param {VerdictPart[][]} troubles @returns {VerdictPart[]} */
function joined(troubles) {
  return troubles.flatMap((trouble, at) => [
    ...trouble.filter(({ text }) => text !== ""),
    { text: at === troubles.length - 1 ? "." : "; " },
  ]);
}

/** @param {VerdictFigures} figures @param {Format} format @param {PeriodWords} words */
function rateText({ error_rate: rate, previous }, format, words) {
  if (rate === null) {
    return "";
  }
  const before = previous.error_rate;
  const change =
    before === null
      ? ""
      : before === 0
        ? `, none in ${words.before}`
        : format.rate(before) === format.rate(rate)
          ? `, as in ${words.before}`
          : `, ${format.rate(before)} in ${words.before}`;
  return ` (${format.rate(rate)}${change})`;
}

/** @param {Pick<Figures, "records">} figures @param {Format} format */
function recordsText({ records: { failed, all } }, format) {
  return failed > 0 && failed <= all
    ? `, and ${format.number(failed)} of ${countOf(all, "record", "records", format)} failed (${format.rate(failed / all)})`
    : "";
}

/** @param {VerdictFigures} figures @param {Format} format @param {PeriodWords} words */
function calmText({ running, ended, cancelled }, format, { during }) {
  /** @param {number} count */
  const jobs = (count) => countOf(count, "job", "jobs", format);
  const judged = ended - cancelled;
  if (running > 0) {
    return `All is well: ${jobs(running)} running, none failed ${during}.`;
  }
  if (judged > 0) {
    return `All is well: of ${jobs(judged)} that ended ${during}, none failed.`;
  }
  return cancelled > 0
    ? `Nothing runs now, and ${jobs(cancelled)} ${cancelled === 1 ? "was" : "were"} cancelled ${during}.`
    : `Nothing runs now, and nothing ended ${during}.`;
}

/**
 * Return what periods of the overview are called.
 *
 * @param {string} name of the API
 */
export function periodWords(name) {
  return PERIODS[name] ?? PERIODS["24h"];
}

/** @type {Readonly<Record<string, PeriodWords>>} */
const PERIODS = {
  "24h": { short: "24 h", during: "in the last 24 hours", before: "the previous 24 hours" },
  "7d": { short: "7 d", during: "in the last 7 days", before: "the previous 7 days" },
  "30d": { short: "30 d", during: "in the last 30 days", before: "the previous 30 days" },
};

/**
 * Compare a sum with that of the previous period, as in "+12% from the previous 24 hours".
 *
 * @param {number} now
 * @param {number} before
 * @param {PeriodWords} words
 * @param {Format} format
 */
export function changeText(now, before, words, format) {
  if (before <= 0) {
    return now === 0 ? "" : `none in ${words.before}`;
  }
  if (now === before) {
    return `as in ${words.before}`;
  }
  const change = format.change((now - before) / before);
  return change === "" ? `about as in ${words.before}` : `${change} from ${words.before}`;
}
