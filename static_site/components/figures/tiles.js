/** Figures of the overview: numbers of jobs, which lead to their list, and sums, which lead to the costs. */

import { counterOf } from "../../lib/counters.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { ANY_FAILURE } from "../../lib/filters.js";
import { listHash } from "../../lib/route.js";
import { changeText, toneOfFailures } from "../../lib/verdict.js";
import { recordsProcessed } from "../../lib/words.js";

const COST = "cost_microusd";

/** @type {readonly Tile[]} */
export const TILES = [
  { name: "running", label: "Running", filters: { status: "running" } },
  { name: "queued", label: "Queued", filters: { status: "queued" } },
  { name: "stalled", label: "Stalled", filters: { status: "stalled" }, toneOf: () => "warn" },
  {
    name: "failed",
    label: "Failed",
    filters: { result: ANY_FAILURE },
    ends: true,
    toneOf: toneOfFailures,
    noteOf: ({ error_rate: rate, failed }, format) =>
      rate === null || failed === 0 ? "" : `${format.rate(rate)} of jobs`,
  },
  {
    name: "partial",
    label: "Partial",
    filters: { result: "partial" },
    ends: true,
    toneOf: () => "warn",
    noteOf: ({ records: { failed, all }, partial }, format) =>
      partial === 0 || failed <= 0 || failed > all ? "" : `${format.rate(failed / all)} of records failed`,
  },
  {
    name: "ended",
    label: "Ended",
    filters: { status: "completed" },
    ends: true,
    noteOf: ({ attempts_ended: attempts, ended }, format) =>
      attempts > ended ? `in ${format.number(attempts)} attempts` : "",
  },
];

/**
 * A number of jobs.
 *
 * @param {Tile} tile
 * @param {Format} format
 */
export function createCountTile({ name, label, filters, ends = false, toneOf, noteOf }, format) {
  const figure = h("span", { class: "tile__figure" });
  const note = h("span", { class: "tile__note" });
  const title = h("span", { class: "tile__label" });
  const link = h("a", { class: "tile surface" }, title, figure, note);
  return {
    element: h("li", {}, link),
    /**
     * @param {Figures} totals
     * @param {string | null} since what has ended is counted from then on
     * @param {PeriodWords} words
     */
    update(totals, since, words) {
      setText(title, ends ? `${label} in ${words.short}` : label);
      const value = totals[name];
      const span = ends ? { ended_from: since } : {};
      setAttribute(link, "href", listHash("jobs", { ...filters, ...span }));
      setText(figure, value === null ? "many" : format.compact(value));
      setAttribute(link, "data-tone", value === 0 ? null : (toneOf?.(totals) ?? null));
      setText(note, noteOf?.(totals, format) ?? "");
    },
  };
}

/** @type {readonly { label: string, sumOf: (counters: Record<string, number>) => number, isCost?: boolean }[]} */
export const SUMS = [
  { label: "Records", sumOf: recordsProcessed },
  {
    label: "Tokens",
    sumOf: ({ input_tokens: input = 0, output_tokens: output = 0 }) => input + output,
  },
  { label: "Cost", sumOf: (counters) => counters[COST] ?? 0, isCost: true },
];

/**
 * A sum of the period, and how it compares with the previous period.
 *
 * @param {typeof SUMS[number]} sum
 * @param {Format} format
 */
export function createSumTile({ label, sumOf, isCost = false }, format) {
  const figure = h("span", { class: "tile__figure" });
  const note = h("span", { class: "tile__note" });
  const name = h("span", { class: "tile__label" });
  const link = h("a", { class: "tile surface" }, name, figure, note);
  return {
    element: h("li", {}, link),

    /**
     * @param {Pick<Figures, "counters" | "previous">} figures
     * @param {string | null} since the period's beginning
     * @param {PeriodWords} words
     */
    update({ counters, previous }, since, words) {
      setAttribute(link, "href", listHash("costs", { since }));
      const [sum, before] = [sumOf(counters), sumOf(previous.counters)];
      setText(name, `${label} in ${words.short}`);
      setText(figure, isCost ? counterOf(COST, { [COST]: 0, ...counters }, format) : format.compact(sum));
      setText(note, changeText(sum, before, words, format));
    },
  };
}
