/** What a job's events told by language model: a group of counters for each, the dearest first. */

import { groupCounters } from "../../lib/counters.js";
import { bdi, h, keyedList } from "../../lib/dom.js";
import { createFacts } from "../figures/facts.js";
import { createCard } from "../page/card.js";

/** @param {Format} format */
export function createJobModels(format) {
  const grid = h("div", { class: "counters" });
  const element = createCard("models", "By model", grid);
  const models = keyedList(grid, {
    keyOf: (/** @type {[string, Record<string, number>]} */ [model]) => model,
    make([model]) {
      const facts = createFacts("counters__rows");
      return {
        element: h("div", { class: "counters__group" }, h("h3", {}, bdi(model)), facts.element),
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
    element,

    /** @param {Job} job */
    update(job) {
      /** @param {Record<string, number>} counters */
      const cost = (counters) => counters.cost_microusd ?? 0;
      const known = Object.entries(job.counters_by_model);
      models.update(known.sort(([, a], [, b]) => cost(b) - cost(a)));
    },
  };
}
