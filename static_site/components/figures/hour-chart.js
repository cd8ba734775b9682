/** A picture of what ended, hour by hour; the words beside it say the same. */

import { h, setAttribute, setChildren, setText, svg } from "../../lib/dom.js";

const STEP = 8;
const BAR = 6;
const HEIGHT = 40;
/** One of so many hours has a label. */
const LABELLED = 6;

/**
 * What ended, hour by hour: failures stand below all the others.
 *
 * @param {Format} format
 */
export function createHourChart(format) {
  const others = svg("path", { class: "hour-chart__others" });
  const failed = svg("path", { class: "hour-chart__failed" });
  const picture = svg("svg", { role: "img", preserveAspectRatio: "none" });
  picture.append(others, failed);
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
      /** @param {(hour: Hour) => number} heightOf */
      const bars = (heightOf) =>
        hours.map((hour, at) => bar(at, scale(hour.failed), heightOf(hour))).join("");
      setAttribute(picture, "viewBox", `0 0 ${Math.max(hours.length, 1) * STEP} ${HEIGHT}`);
      setAttribute(others, "d", bars((hour) => scale(hour.ended) - scale(hour.failed)));
      setAttribute(failed, "d", bars((hour) => -scale(hour.failed)));
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
 * A bar that begins at `from` above the axis and goes up from there, or down.
 *
 * @param {number} at which hour
 * @param {number} from
 * @param {number} height negative to go down
 */
function bar(at, from, height) {
  return height === 0
    ? ""
    : `M${at * STEP + 1} ${(HEIGHT - from).toFixed(2)}v${(-height).toFixed(2)}h${BAR}v${height.toFixed(2)}z`;
}

/** @param {Hour[]} hours @param {Format} format @param {number} now */
function label(hours, format, now) {
  /** @param {"ended" | "failed"} name */
  const sum = (name) => format.number(hours.reduce((total, hour) => total + hour[name], 0));
  const top = Math.max(...hours.map((hour) => hour.ended), 0);
  const at = hours.find((hour) => hour.ended === top)?.at ?? null;
  const most =
    top === 0 || at === null
      ? ""
      : `, most in the hour from ${format.minutes(at, now)}: ${format.number(top)}`;
  return `Ended hour by hour: ${sum("ended")} in all${most}; ${sum("failed")} failed.`;
}
