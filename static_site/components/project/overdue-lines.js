/** Overdue projects, a line each: which, since when, and how far it is. */

import { bdi, h, keyedList, setAttribute, setText } from "../../lib/dom.js";
import { exactUtc } from "../../lib/format.js";
import { projectHash } from "../../lib/route.js";
import { countOf } from "../../lib/words.js";

/** @param {Tools} tools @returns {Part<Overview>} */
export function createOverdueLines({ format, now }) {
  const element = h("ul", { class: "job-lines" });
  const lines = keyedList(element, {
    keyOf: (/** @type {Project} */ project) => projectHash(project),
    make: () => createLine({ format, now }),
  });
  return {
    element,

    update({ overdue }) {
      lines.update(overdue);
    },
  };
}

/** @param {Tools} tools @returns {Part<Project>} */
function createLine({ format, now }) {
  const chip = h("span", { class: "chip chip--tone", "data-tone": "bad" }, "Overdue");
  const title = bdi("");
  const link = h("a", { class: "job-lines__link" }, title);
  const what = bdi("", "job-lines__what");
  const when = h("span", { class: "job-lines__when grows-left", tabindex: -1 });
  return {
    element: h("li", {}, chip, h("div", {}, link, what), when),

    update(project) {
      const { client_id, due_at: at, jobs_done: done, jobs_expected: expected } = project;
      setAttribute(link, "href", projectHash(project));
      setText(title, project.name ?? project.project_id);
      const jobs = countOf(done, "job is done", "jobs are done", format);
      const far = expected === null ? jobs : `${format.number(done)} of ${format.number(expected)} jobs are done`;
      setText(what, `${client_id} · ${far}`);
      setAttribute(when, "title", at && exactUtc(at));
      setText(when, at === null ? "" : `due ${format.ago((now() - Date.parse(at)) / 1000)}`);
    },
  };
}
