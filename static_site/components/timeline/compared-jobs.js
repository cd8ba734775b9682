/** Two jobs side by side, as rows of texts: facts, counters for each record, stages, configuration. */

import { counterLabel, counterOf, counterText, errorText } from "../../lib/counters.js";
import { OUTCOMES, outcomeOf } from "../../lib/outcomes.js";
import { recordsProcessed, tookText } from "../../lib/words.js";
import { attemptsOf, stagesOf, valueThen } from "./spans.js";

const NONE = "–";
const RECORDS = ["records_ok", "records_failed", "records_skipped"];

/**
 * Return what there is to compare of two jobs; a row's label is unique in its group.
 *
 * @param {ComparedJob[]} jobs
 * @param {Format} format
 * @param {number} now
 * @returns {ComparedGroup[]}
 */
export function comparedGroups(jobs, format, now) {
  const stages = jobs.map(({ job, entries }) => stageSeconds(job, entries, now));
  const values = jobs.map(
    ({ job, parameters }) =>
      new Map(parameters.map((one) => [one.name, valueThen(one, job, format, now)])),
  );
  const counters = namesOf(jobs.map(({ job }) => Object.keys(job.counters)));
  const groups = [
    { title: "Job", rows: factRows(jobs.map(({ job }) => job), format, now) },
    {
      title: "Counters",
      rows: counters.map((name) => ({
        label: counterLabel(name),
        texts: jobs.map(({ job }) => countText(name, job.counters, format)),
      })),
    },
    {
      title: "Stages of the present attempt",
      rows: namesOf(stages.map((each) => [...each.keys()])).map((name) => ({
        label: name,
        texts: stages.map((each) => {
          const seconds = each.get(name);
          return seconds === undefined ? NONE : format.duration(seconds);
        }),
      })),
    },
    {
      title: "Configuration at the time",
      rows: namesOf(values.map((each) => [...each.keys()])).map((name) => ({
        label: name,
        texts: values.map((each) => each.get(name) ?? "not set now"),
      })),
    },
  ];
  return groups.filter(({ rows }) => rows.length > 0);
}

/** @param {Job[]} jobs @param {Format} format @param {number} now */
function factRows(jobs, format, now) {
  /** @type {[string, (job: Job) => string | null][]} */
  const facts = [
    ["Outcome", (job) => OUTCOMES[outcomeOf(job)].label],
    ["Error", (job) => job.error && errorText(job.error)],
    ["Client", (job) => job.client_id],
    ["Project", (job) => job.project_id],
    ["Pipeline", (job) => job.pipeline],
    ["Attempts", (job) => format.number(job.attempt)],
    ["Started", (job) => job.started_at && format.time(job.started_at, now)],
    ["Duration", (job) => tookText(job, now, format)],
  ];
  return facts.map(([label, textOf]) => ({ label, texts: jobs.map((job) => textOf(job) || NONE) }));
}

/**
 * Return a counter's value and what that is for each record.
 *
 * @param {string} name
 * @param {Record<string, number>} counters
 * @param {Format} format
 */
export function countText(name, counters, format) {
  if (counters[name] === undefined) {
    return NONE;
  }
  const whole = counterOf(name, counters, format);
  const records = recordsProcessed(counters);
  return records <= 0 || RECORDS.includes(name)
    ? whole
    : `${whole} (${counterText(name, counters[name] / records, format)} per record)`;
}

/** @param {Job} job @param {Entry[]} entries @param {number} now @returns {Map<string, number>} */
function stageSeconds(job, entries, now) {
  const seconds = new Map();
  for (const { name, begin, end } of stagesOf(attemptsOf(job)[0], entries, now)) {
    seconds.set(name, (seconds.get(name) ?? 0) + (end - begin) / 1000);
  }
  return seconds;
}

/** @param {string[][]} lists names, each once, in the order in which they come first */
function namesOf(lists) {
  return [...new Set(lists.flat())];
}
