/** What only some jobs have: counters by language model, and an id that was used again. */

import { groupCounters } from "../../lib/counters.js";
import { bdi, h, keyedList, setText } from "../../lib/dom.js";
import { createFacts } from "../figures/facts.js";
import { createCard } from "../page/card.js";

/** What is a model's by its nature; records, for one, are a job's. */
const OF_MODELS = new Set([
  "llm_calls",
  "llm_errors",
  "input_tokens",
  "cache_read_input_tokens",
  "output_tokens",
  "cost_microusd",
  "llm_calls_unpriced",
]);
/** No model has this name. */
const REST = "";
/** @type {Readonly<Record<string, string>>} */
const TITLES = { [REST]: "Without a model", other: "Other models" };

/**
 * What a job's events reported by language model: a group of counters for each, the dearest first, and
 * what was reported without a model.
 *
 * @param {Format} format
 */
export function createJobModels(format) {
  const grid = h("div", { class: "counters" });
  const models = keyedList(grid, {
    keyOf: (/** @type {[string, Record<string, number>]} */ [model]) => model,
    make([model]) {
      const facts = createFacts("counters__rows");
      return {
        element: h(
          "div",
          { class: "counters__group" },
          h("h3", {}, Object.hasOwn(TITLES, model) ? TITLES[model] : bdi(model)),
          facts.element,
        ),
        update: ([, counters]) =>
          facts.update(
            groupCounters(counters, format)
              .flatMap(({ rows }) => rows)
              .map(({ label, text, name }) => ({ label, text, title: name })),
          ),
      };
    },
  });
  return {
    element: createCard("models", "By model", grid),

    /** @param {Job} job */
    update(job) {
      /** @param {Record<string, number>} counters */
      const cost = (counters) => counters.cost_microusd ?? 0;
      const known = Object.entries(job.counters_by_model).sort(([, a], [, b]) => cost(b) - cost(a));
      const rest = restOf(job);
      models.update(Object.keys(rest).length === 0 ? known : [...known, [REST, rest]]);
    },
  };
}

/**
 * Return what of a job's counters was reported without a model, but not what never has one.
 *
 * @param {Pick<Job, "counters" | "counters_by_model">} job
 * @returns {Record<string, number>}
 */
function restOf({ counters, counters_by_model: byModel }) {
  const told = Object.values(byModel);
  const left = Object.entries(counters)
    .filter(([name]) => OF_MODELS.has(name) || told.some((each) => Object.hasOwn(each, name)))
    .map(([name, value]) => [name, told.reduce((sum, each) => sum - (each[name] ?? 0), value)]);
  return Object.fromEntries(left.filter(([, value]) => value !== 0));
}

/**
 * What is to be said where the id of a job was used for more than one run.
 *
 * @param {Tools} tools
 */
export function createJobRestart({ format, now }) {
  const text = h("p");
  return {
    element: createCard("restarted", "This job id was used again", text),

    /** @param {Job} job */
    update(job) {
      setText(text, restartText(job, (at) => format.time(at, now())));
    },
  };
}

/**
 * Say that a job's id was used for more than one job; "" where it was not.
 *
 * @param {Pick<Job, "restarted_at" | "attempts">} job
 * @param {(at: string) => string} timeText
 */
export function restartText({ restarted_at: at, attempts }, timeText) {
  const end = attempts.find((attempt) => attempt.first_ended_at)?.first_ended_at;
  return at === null
    ? ""
    : `A job of this id had ended${end ? ` at ${timeText(end)}` : ""}, and another was running at ` +
        `${timeText(at)}. Counters and times are of both: give each job its own id, or a higher ` +
        "attempt.";
}
