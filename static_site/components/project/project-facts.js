/** What the list of projects and the page of one say alike: state, progress, dates. */

import { counterLabel, counterOf } from "../../lib/counters.js";
import { h, setHidden, setText } from "../../lib/dom.js";
import { PROJECT_STATUSES } from "../../lib/filters.js";
import { DONE } from "../../lib/outcomes.js";
import { listHash } from "../../lib/route.js";
import { countOf } from "../../lib/words.js";

/** The chips of a project: its status, and whether it is overdue. */
export function createProjectHead() {
  const status = h("span", { class: "chip" });
  const overdue = h("span", { class: "chip chip--tone", "data-tone": "bad" }, "Overdue");
  return {
    element: h("span", { class: "chips" }, overdue, status),

    /** @param {Project} project */
    update(project) {
      const stated = project.status ?? "";
      setText(status, PROJECT_STATUSES[stated] ?? stated);
      setHidden(status, stated === "");
      setHidden(overdue, !project.overdue);
    },
  };
}

/** @param {Project} project @param {number} now @param {Format} format @returns {Fact[]} */
export function factsOf(project, now, format) {
  /** @param {string} label @param {string | null} text @param {string} [href] */
  const fact = (label, text, href) => (text === null ? [] : [{ label, text, href }]);
  const { client_id, project_id, jobs_done: done, jobs_expected: expected } = project;
  return [
    ...fact(
      "Jobs done",
      expected === null
        ? null
        : `${format.number(done)} of ${format.number(expected)} expected` +
            (expected > 0 ? `, ${format.percent(done, expected)}` : ""),
      listHash("jobs", { client_id, project_id, result: DONE.join() }),
    ),
    ...fact("Due", dueText(project, now, format)),
    ...fact("Owner", project.owner),
    ...Object.keys(project.counters).map((label) => ({
      label: counterLabel(label),
      text: counterOf(label, project.counters, format),
    })),
    ...Object.entries(project.tags).map(([label, text]) => ({ label, text })),
  ];
}

/**
 * Return the day when a project is due and, while it goes on, how far off that is.
 *
 * @param {Project} project
 * @param {number} now
 * @param {Format} format
 */
function dueText({ due_at: at, status, overdue, jobs_done: done, jobs_expected: expected }, now, format) {
  if (at === null) {
    return null;
  }
  const seconds = (Date.parse(at) - now) / 1000;
  const isOver =
    ["completed", "archived"].includes(status ?? "") || (expected !== null && done >= expected);
  if (isOver || (seconds < 0 && !overdue)) {
    return format.day(at);
  }
  const days = countOf(Math.floor(Math.abs(seconds) / 86_400), "day", "days", format);
  return `${format.day(at)}, ${overdue ? `overdue by ${days}` : `in ${days}`}`;
}
