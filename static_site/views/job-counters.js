/** What a job has counted so far, in groups. */

import { h, keyedList } from "../lib/dom.js";
import { groupCounters } from "../lib/words.js";
import { createCard } from "./job-card.js";
import { createFacts } from "./job-facts.js";

/** @typedef {ReturnType<typeof groupCounters>[number]} Group */

/** @param {import("../lib/format.js").Format} format */
export function createJobCounters(format) {
  const grid = h("div", { class: "counters" });
  const element = createCard("counters", "Counters", grid);
  const groups = keyedList(grid, {
    keyOf: (/** @type {Group} */ group) => group.title,
    make(first) {
      const facts = createFacts("counters__rows");
      return {
        element: h("div", { class: "counters__group" }, h("h3", {}, first.title), facts.element),
        update: (/** @type {Group} */ group) =>
          facts.update(group.rows.map(({ label, text, name }) => ({ label, text, title: name }))),
      };
    },
  });
  return {
    element,

    /** @param {import("../lib/shapes.js").Job} job */
    update(job) {
      const known = groupCounters(job.counters, format);
      groups.update(known);
      element.hidden = known.length === 0;
    },
  };
}
