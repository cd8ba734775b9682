/** The counters of a job, in groups. */

import { h, keyedList, setHidden } from "../../lib/dom.js";
import { groupCounters } from "../../lib/words.js";
import { createFacts } from "../figures/facts.js";
import { createCard } from "../page/card.js";

export function createJobCounters(format) {
  const grid = h("div", { class: "counters" });
  const element = createCard("counters", "Counters", grid);
  const groups = keyedList(grid, {
    keyOf: (group) => group.title,
    make(first) {
      const facts = createFacts("counters__rows");
      return {
        element: h("div", { class: "counters__group" }, h("h3", {}, first.title), facts.element),
        update: (group) =>
          facts.update(group.rows.map(({ label, text, name }) => ({ label, text, title: name }))),
      };
    },
  });
  return {
    element,

    update(job) {
      const known = groupCounters(job.counters, format);
      groups.update(known);
      setHidden(element, known.length === 0);
    },
  };
}
