/** A picture of what ended, hour by hour; the words beside it say the same. */

import { h, setAttribute, setChildren, setText, svg } from "../../lib/dom.js";

const STEP = 8;
const BAR = 6;
const HEIGHT = 40;

/** A label stands at the first of so many hours. */
const LABELLED = 6;

/** What ended hour by hour: what went well stands on what failed. */
export function createHourChart(format) {
  const well = svg("path", { class: "hour-chart__well" });
  const failed = svg("path", { class: "hour-chart__failed" });
  const picture = svg("svg", { role: "img", preserveAspectRatio: "none" });
  picture.append(well, failed);
  const most = h("span", { class: "hour-chart__most" });
  const axis = h("p", { class: "hour-chart__axis", "aria-hidden": "true" });
  let shown = "";
  return {
    element: h("div", { class: "hour-chart" }, most, picture, axis),

    update(hours, now) {
      const top = Math.max(...hours.map((hour) => hour.ended), 1);
      const scale = (count) => (count === 0 ? 0 : Math.max((count / top) * HEIGHT, 1.5));
      const bars = (heightOf) =>
        hours.map((hour, at) => bar(at, scale(hour.failed), heightOf(hour))).join("");
      setAttribute(picture, "viewBox", `0 0 ${Math.max(hours.length, 1) * STEP} ${HEIGHT}`);
      setAttribute(well, "d", bars((hour) => scale(hour.ended) - scale(hour.failed)));
      setAttribute(failed, "d", bars((hour) => -scale(hour.failed)));
      setAttribute(picture, "aria-label", label(hours, format, now));
      const isNone = hours.every((hour) => hour.ended === 0);
      setText(most, isNone ? "None has ended" : `${format.number(top)} an hour`);
      const times = hours.filter((_, at) => at % LABELLED === 0).map((hour) => format.clock(hour.at));
      if (times.join() !== shown) {
        shown = times.join();
        setChildren(axis, times.map((time) => h("span", {}, time)));
      }
    },
  };
}

/** A bar that begins so far above the axis, and goes up from there, or down. */
function bar(at, from, height) {
  return height === 0
    ? ""
    : `M${at * STEP + 1} ${(HEIGHT - from).toFixed(2)}v${(-height).toFixed(2)}h${BAR}v${height.toFixed(2)}z`;
}

function label(hours, format, now) {
  const sum = (name) => hours.reduce((total, hour) => total + hour[name], 0);
  const best = hours.reduce((one, other) => (other.ended > one.ended ? other : one), {
    ended: 0,
    at: null,
  });
  const most =
    best.at === null ? "" : `, most in the hour from ${format.minutes(best.at, now)}: ${format.number(best.ended)}`;
  return `Ended hour by hour: ${format.number(sum("ended"))} in all${most}; ${format.number(sum("failed"))} failed.`;
}
