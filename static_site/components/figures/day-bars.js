/** A small picture of what happened day by day, with the same in words. */

import { setAttribute, svg } from "../../lib/dom.js";

const DAY = 86_400_000;
const STEP = 4;
const HEIGHT = 24;

/**
 * @param {Format} format
 * @param {string} what is counted
 */
export function createDayBars(format, what) {
  const bars = svg("path", {});
  const picture = svg("svg", { class: "day-bars", role: "img", preserveAspectRatio: "none" });
  picture.append(bars);
  return {
    element: picture,

    /**
     * @param {{ at: string, jobs: number }[]} days those of UTC that have any
     * @param {string} from the first day, as in "2026-11-22"
     * @param {number} now
     */
    update(days, from, now) {
      const first = Date.parse(`${from}T00:00:00Z`);
      const count = Math.max(Math.floor((now - first) / DAY) + 1, 1);
      const top = Math.max(...days.map((day) => day.jobs), 1);
      /** @param {{ at: string, jobs: number }} day */
      const bar = ({ at, jobs }) => {
        const height = Math.max((jobs / top) * HEIGHT, 2).toFixed(1);
        const x = Math.round((Date.parse(at) - first) / DAY) * STEP;
        return `M${x} ${HEIGHT}v-${height}h${STEP - 1}v${height}z`;
      };
      const some = days.filter((day) => day.jobs > 0);
      setAttribute(picture, "viewBox", `0 0 ${count * STEP - 1} ${HEIGHT}`);
      setAttribute(bars, "d", some.map(bar).join(""));
      const told = some.map(({ at, jobs }) => `${at.slice(0, 10)}: ${format.number(jobs)}`);
      const label = `${what} by day of UTC since ${from}: ${told.join(", ") || "none"}`;
      setAttribute(picture, "aria-label", label);
    },
  };
}
