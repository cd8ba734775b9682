/** The table of costs as a CSV file that a spreadsheet opens. */

import { h } from "../../lib/dom.js";
import { recordsProcessed } from "../../lib/words.js";
import { costOf, perRecord, tokensOf } from "./costs.js";

const MICROUSD = 1_000_000;

/**
 * What begins a formula, also in full width; what spreadsheets skip before one; and the mark itself.
 */
const RISKY = /^[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n']/;

/**
 * @param {ShownCost[]} shown
 * @param {string} by
 */
export function saveCosts(shown, by) {
  const address = URL.createObjectURL(new Blob([costsCsv(shown, by)], { type: "text/csv" }));
  h("a", { href: address, download: `costs-by-${by}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address));
}

/**
 * Return the rows of a table of costs as CSV; costs are in dollars, and of a group whose previous
 * period can't be told its members are empty. Clients have their id and, beside it, their name.
 *
 * @param {ShownCost[]} shown
 * @param {string} by
 */
export function costsCsv(shown, by) {
  /** @param {string} prefix */
  const names = (prefix) =>
    ["cost_usd", "cost_is_lower_bound", "input_tokens", "output_tokens", "tokens", "llm_calls", "records", "cost_per_record_usd"].map(
      (name) => prefix + name,
    );
  return csvOf([
    [by, ...(by === "client" ? ["name"] : []), ...names(""), ...names("previous_")],
    ...shown.filter(({ isTotal }) => !isTotal).map(({ title, id, sums, before }) => [
      id || title,
      ...(by === "client" ? [title] : []),
      ...cells(sums),
      ...(before === null ? names("").map(() => null) : cells(before)),
    ]),
  ]);
}

/** @param {Record<string, number>} sums */
function cells(sums) {
  const cost = perRecord(sums);
  return [
    costOf(sums) / MICROUSD,
    sums.llm_calls_unpriced > 0,
    sums.input_tokens ?? 0,
    sums.output_tokens ?? 0,
    tokensOf(sums),
    sums.llm_calls ?? 0,
    recordsProcessed(sums),
    cost === null ? null : cost / MICROUSD,
  ];
}

/**
 * Return the text of a CSV file, with the mark by which spreadsheets know UTF-8.
 *
 * A text that a spreadsheet would take for a formula gets an apostrophe before it, and one that
 * begins with an apostrophe a second one: taking away the first gives every text back.
 *
 * @param {(string | number | boolean | null)[][]} rows
 */
function csvOf(rows) {
  return `\ufeff${rows.map((row) => `${row.map(cellOf).join(",")}\r\n`).join("")}`;
}

/** @param {string | number | boolean | null} value */
function cellOf(value) {
  if (typeof value !== "string") {
    return String(value ?? "");
  }
  const text = RISKY.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
