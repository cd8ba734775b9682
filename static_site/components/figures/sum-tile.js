/** A sum of the period, and how it compares with the period before. */

import { counterOf } from "../../lib/counters.js";
import { h, setText } from "../../lib/dom.js";
import { changeText } from "../../lib/verdict.js";
import { recordsDone } from "../../lib/words.js";

const COST = "cost_microusd";

/** @type {readonly { label: string, sumOf: (counters: Record<string, number>) => number, isCost?: boolean }[]} */
export const SUMS = [
  { label: "Records", sumOf: recordsDone },
  {
    label: "Tokens",
    sumOf: ({ input_tokens: input = 0, output_tokens: output = 0 }) => input + output,
  },
  { label: "Cost", sumOf: (counters) => counters[COST] ?? 0, isCost: true },
];

/** @param {typeof SUMS[number]} sum @param {Format} format */
export function createSumTile({ label, sumOf, isCost = false }, format) {
  const figure = h("span", { class: "tile__figure" });
  const note = h("span", { class: "tile__note" });
  const name = h("span", { class: "tile__label" });
  return {
    element: h("li", { class: "tile tile--sum surface" }, name, figure, note),

    /** @param {Pick<Figures, "counters" | "previous">} figures @param {PeriodWords} words */
    update({ counters, previous }, words) {
      const [sum, before] = [sumOf(counters), sumOf(previous.counters)];
      setText(name, `${label} in ${words.short}`);
      setText(figure, isCost ? counterOf(COST, { [COST]: 0, ...counters }, format) : format.compact(sum));
      setText(note, changeText(sum, before, words, format));
    },
  };
}
