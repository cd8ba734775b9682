/** The burn-up of a project: a picture, and the same day by day as a table. */

import { h, setAttribute, setChildren, setHidden, setText, svg } from "../../lib/dom.js";

const WIDTH = 600;
const HEIGHT = 160;

/**
 * @param {Format} format
 * @returns {{ element: HTMLElement, update(project: Project, burnUp: BurnUp, now: number): void }}
 */
export function createBurnUpChart(format) {
  const done = svg("path", { class: "burn-up__done" });
  const ahead = svg("path", { class: "burn-up__ahead" });
  const even = svg("path", { class: "burn-up__even" });
  const expectedLine = svg("path", { class: "burn-up__expected" });
  const due = svg("path", { class: "burn-up__due" });
  const picture = svg("svg", {
    role: "img",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
  });
  picture.append(expectedLine, due, even, ahead, done);
  const most = h("span", { class: "burn-up__most" });
  const axis = h("p", { class: "burn-up__axis", "aria-hidden": "true" });
  const keys = ["Done", "At this pace", "Even pace until due", "Expected", "Due"].map((text) =>
    h("span", {}, text),
  );
  const rows = h("tbody");
  const table = h(
    "details",
    { class: "burn-up__days" },
    h("summary", {}, "Day by day"),
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h("tr", {}, ...["Day", "Done that day", "Done in all"].map((text) => h("th", { scope: "col" }, text))),
      ),
      rows,
    ),
  );
  const key = h("p", { class: "burn-up__keys", "aria-hidden": "true" }, ...keys);
  let shown = "";
  return {
    element: h("div", { class: "burn-up" }, key, most, picture, axis, table),

    update(project, { line, days, endAt }, now) {
      const first = line[0].at;
      const dueAt = project.due_at === null ? null : Date.parse(project.due_at);
      const began = project.created_at === null ? first : Date.parse(project.created_at);
      // an end that is far away would press everything else together
      const furthest = now + 2 * Math.max(now - first, (dueAt ?? now) - now);
      const last = Math.max(now, dueAt ?? 0, Math.min(endAt ?? 0, furthest));
      const expected = project.jobs_expected;
      const top = Math.max(expected ?? 0, project.jobs_done, 1);
      /** @param {number} at @param {number} count */
      const place = (at, count) =>
        `${(((at - first) / (last - first)) * WIDTH).toFixed(1)} ${((1 - count / top) * (HEIGHT - 4) + 2).toFixed(1)}`;
      /** @param {SVGElement} path @param {string[] | null} places */
      const draw = (path, places) =>
        setAttribute(path, "d", places === null ? null : `M${places.join("L")}`);
      draw(done, line.map((one) => place(one.at, one.done)));
      draw(ahead, endAt === null ? null : [place(now, project.jobs_done), place(endAt, expected ?? 0)]);
      draw(expectedLine, expected === null ? null : [place(first, expected), place(last, expected)]);
      draw(due, dueAt === null ? null : [place(dueAt, 0), place(dueAt, top)]);
      const isEven = expected !== null && dueAt !== null && dueAt > began;
      draw(even, isEven ? [place(began, 0), place(dueAt, expected)] : null);
      const parts = [true, endAt !== null, isEven, expected !== null, dueAt !== null];
      parts.forEach((isThere, at) => setHidden(keys[at], !isThere));

      setText(most, `${format.number(top)} ${top === 1 ? "job" : "jobs"}`);
      const told = days.map((one) => ({
        day: format.day(iso(one.at)),
        counts: [format.number(one.added), format.number(one.done)],
      }));
      const all = told.map(({ day, counts }) => `${counts[1]} by the end of ${day}`);
      const label = `Jobs done: ${all.join(", ")}.`;
      setAttribute(picture, "aria-label", label);
      if (label !== shown) {
        shown = label;
        setChildren(axis, [first, last].map((at) => h("span", {}, format.day(iso(at)))));
        setChildren(
          rows,
          told.map(({ day, counts }) =>
            h("tr", {}, h("th", { scope: "row" }, day), ...counts.map((count) => h("td", {}, count))),
          ),
        );
      }
    },
  };
}

/** @param {number} at */
function iso(at) {
  return new Date(at).toISOString();
}
