/** A picture of the jobs that ended, hour by hour; the words beside it say the same. */

import { h, setAttribute, setChildren, setText, svg } from "../../lib/dom.js";

const STEP = 8;
const BAR = 6;
const HEIGHT = 40;
/** One of so many hours has a label. */
const LABELLED = 6;

/**
 * The jobs that ended, hour by hour: failures stand below partial ones, and these below the others.
 *
 * @param {Format} format
 */
export function createHourChart(format) {
  const others = svg("path", { class: "hour-chart__others" });
  const partial = svg("path", { class: "hour-chart__partial" });
  const failed = svg("path", { class: "hour-chart__failed" });
  const picture = svg("svg", { role: "img", preserveAspectRatio: "none" });
  picture.append(others, partial, failed);
  const most = h("span", { class: "hour-chart__most" });
  const axis = h("p", { class: "hour-chart__axis", "aria-hidden": "true" });
  let shown = "";
  return {
    element: h("div", { class: "hour-chart" }, most, picture, axis),

    /** @param {Hour[]} hours @param {number} now */
    update(hours, now) {
      const top = Math.max(...hours.map((hour) => hour.ended), 1);
      /** @param {number} count */
      const scale = (count) => (count === 0 ? 0 : Math.max((count / top) * HEIGHT, 1.5));
      /** @param {(hour: Hour) => number} from @param {(hour: Hour) => number} to */
      const bars = (from, to) =>
        hours.map((hour, at) => bar(at, scale(from(hour)), scale(to(hour)) - scale(from(hour)))).join("");
      /** @param {Hour} hour */
      const notWell = (hour) => hour.failed + hour.partial;
      setAttribute(picture, "viewBox", `0 0 ${Math.max(hours.length, 1) * STEP} ${HEIGHT}`);
      setAttribute(others, "d", bars(notWell, (hour) => hour.ended));
      setAttribute(partial, "d", bars((hour) => hour.failed, notWell));
      setAttribute(failed, "d", bars(() => 0, (hour) => hour.failed));
      setAttribute(picture, "aria-label", label(hours, format, now));
      const isNone = hours.every((hour) => hour.ended === 0);
      setText(most, isNone ? "None has ended" : `${format.number(top)} an hour`);
      const times = hours.filter((_, at) => at % LABELLED === 0).map((hour) => (hour.at === null ? "" : format.clock(hour.at)));
      if (times.join() !== shown) {
        shown = times.join();
        setChildren(axis, times.map((time) => h("span", {}, time)));
      }
    },
  };
}

/**
 * A bar that begins at `from` above the axis and goes up from there.
 *
 * @param {number} at which hour
 * @param {number} from
 * @param {number} height
 */
function bar(at, from, height) {
  return height <= 0
    ? ""
    : `M${at * STEP + 1} ${(HEIGHT - from).toFixed(2)}v${(-height).toFixed(2)}h${BAR}v${height.toFixed(2)}z`;
}

/** @param {Hour[]} hours @param {Format} format @param {number} now */
function label(hours, format, now) {
  /** @param {"ended" | "partial" | "failed"} name */
  const sum = (name) => format.number(hours.reduce((total, hour) => total + hour[name], 0));
  const top = Math.max(...hours.map((hour) => hour.ended), 0);
  const at = hours.find((hour) => hour.ended === top)?.at ?? null;
  const most =
    top === 0 || at === null
      ? ""
      : `, most in the hour from ${format.minutes(at, now)}: ${format.number(top)}`;
  const wrong = `${sum("failed")} failed, ${sum("partial")} partial`;
  return `Ended hour by hour: ${sum("ended")} in all${most}; ${wrong}.`;
}
