/** A table as a CSV file that a spreadsheet opens. */

/**
 * What begins a formula, also in full width; what spreadsheets skip before one; and the mark itself.
 */
const RISKY = /^[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n']/;

/**
 * Return the text of a CSV file, with the mark by which spreadsheets know UTF-8.
 *
 * A text that a spreadsheet would take for a formula gets an apostrophe before it, and one that
 * begins with an apostrophe a second one: taking away the first gives every text back.
 *
 * @param {(string | number | boolean | null)[][]} rows
 */
export function csvOf(rows) {
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
