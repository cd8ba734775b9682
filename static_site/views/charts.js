/** Small pictures of numbers; the words beside them say the same. */

import { h, setAttribute, setText, svg } from "../lib/dom.js";
import { OUTCOME_LABELS } from "../lib/words.js";

const STEP = 8;
const BAR = 6;
const HEIGHT = 40;

/** What ended hour by hour: upwards what went well, downwards what failed. */
export function createHourChart(format) {
  const well = svg("path", { class: "hour-chart__well" });
  const failed = svg("path", { class: "hour-chart__failed" });
  const axis = svg("path", { class: "hour-chart__axis" });
  const picture = svg("svg", { class: "hour-chart", role: "img", preserveAspectRatio: "none" });
  picture.append(well, failed, axis);
  return {
    element: picture,

    update(hours, now) {
      const ups = hours.map((hour) => Math.max(hour.ended - hour.failed, 0));
      const downs = hours.map((hour) => hour.failed);
      const most = Math.max(...ups, 1) + Math.max(...downs, 0);
      const scale = (count) => (count === 0 ? 0 : Math.max((count / most) * HEIGHT, 1.5));
      const middle = Math.max(...ups.map(scale), 1.5);
      const width = Math.max(hours.length, 1) * STEP;
      setAttribute(picture, "viewBox", `0 0 ${width} ${HEIGHT + 4}`);
      setAttribute(well, "d", ups.map((count, at) => bar(at, middle, -scale(count))).join(""));
      setAttribute(failed, "d", downs.map((count, at) => bar(at, middle + 1, scale(count))).join(""));
      setAttribute(axis, "d", `M0 ${middle}h${width}v1h-${width}z`);
      setAttribute(picture, "aria-label", label(hours, format, now));
    },
  };
}

function bar(at, from, height) {
  return height === 0 ? "" : `M${at * STEP + 1} ${from}v${height.toFixed(2)}h${BAR}V${from}z`;
}

function label(hours, format, now) {
  const sum = (name) => hours.reduce((total, hour) => total + hour[name], 0);
  const best = hours.reduce((one, other) => (other.ended > one.ended ? other : one), {
    ended: 0,
    at: null,
  });
  const most =
    best.at === null ? "" : `, most in the hour from ${format.minutes(best.at, now)}: ${best.ended}`;
  return `Ended hour by hour: ${format.number(sum("ended"))} in all${most}; ${format.number(sum("failed"))} failed.`;
}

/** How jobs are spread over what they are now: a bar, and the figures as words. */
export function createTotalsBar(format, totalsText) {
  const names = Object.keys(OUTCOME_LABELS);
  const parts = names.map((name) => svg("rect", { class: `is-${name}`, height: 6 }));
  const picture = svg("svg", {
    class: "totals-bar",
    viewBox: "0 0 100 6",
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  picture.append(...parts);
  const text = h("p", { class: "totals-text" });
  return {
    element: h("div", { class: "totals" }, picture, text),

    update(totals) {
      const all = names.reduce((sum, name) => sum + (totals[name] ?? 0), 0);
      let at = 0;
      for (const [number, name] of names.entries()) {
        const share = all === 0 ? 0 : ((totals[name] ?? 0) / all) * 100;
        setAttribute(parts[number], "x", at.toFixed(2));
        setAttribute(parts[number], "width", share.toFixed(2));
        at += share;
      }
      setText(text, totalsText(totals, format));
    },
  };
}
