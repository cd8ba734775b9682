/** The answer to "is my work all right?". */

import { countOf } from "./words.js";

/**
 * Answer "is my work all right?" in one sentence, with its tone: "bad", "warn", "good" or "calm".
 *
 * @param {Pick<Figures, "running" | "stalled" | "failed" | "ended" | "created">} figures
 * @param {Format} format
 */
export function verdictOf({ running, stalled, failed, ended, created }, format) {
  /** @param {number} count */
  const jobs = (count) => countOf(count, "job", "jobs", format);
  const silent = stalled ?? 0;
  if (failed > 0) {
    const too = silent > 0 ? `, ${jobs(silent)} stalled` : "";
    return { tone: "bad", text: `${jobs(failed)} failed in the last 24 hours${too}.` };
  }
  if (silent > 0) {
    const them = silent === 1 ? "it" : "them";
    return { tone: "warn", text: `${jobs(silent)} stalled: no event has come from ${them}.` };
  }
  if (running > 0) {
    return { tone: "good", text: `All is well: ${jobs(running)} running, none failed in 24 hours.` };
  }
  return ended + created > 0
    ? { tone: "good", text: "All is well: none failed in the last 24 hours." }
    : { tone: "calm", text: "Nothing runs now, and nothing ended in the last 24 hours." };
}
