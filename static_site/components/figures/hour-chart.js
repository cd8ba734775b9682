/** A picture of the jobs that ended, by hour or day; the words beside it say the same. */

import { h, setAttribute, setChildren, setText, svg } from "../../lib/dom.js";

const STEP = 8;
const BAR = 6;
const HEIGHT = 40;
/** At most so many gaps lie between the labels. */
const MOST_GAPS = 5;

/**
 * The jobs that ended, by hour or by day of UTC: failures stand below partial ones, and these below the others.
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

    /** @param {Counts[]} hours or days @param {number} now @param {boolean} areDays */
    update(hours, now, areDays) {
      const top = Math.max(...hours.map((hour) => hour.ended), 1);
      /** @param {number} count */
      const scale = (count) => (count === 0 ? 0 : Math.max((count / top) * HEIGHT, 1.5));
      /** @param {(hour: Counts) => number} from @param {(hour: Counts) => number} to */
      const bars = (from, to) =>
        hours.map((hour, at) => bar(at, scale(from(hour)), scale(to(hour)) - scale(from(hour)))).join("");
      /** @param {Counts} hour */
      const notWell = (hour) => hour.failed + hour.partial;
      setAttribute(picture, "viewBox", `0 0 ${Math.max(hours.length, 1) * STEP} ${HEIGHT}`);
      setAttribute(others, "d", bars(notWell, (hour) => hour.ended));
      setAttribute(partial, "d", bars((hour) => hour.failed, notWell));
      setAttribute(failed, "d", bars(() => 0, (hour) => hour.failed));
      setAttribute(picture, "aria-label", label(hours, format, now, areDays));
      const isNone = hours.every((hour) => hour.ended === 0);
      setText(most, isNone ? "None has ended" : `${format.number(top)} ${areDays ? "a day" : "an hour"}`);
      const each = labelled(hours.length - 1);
      const times = hours
        .filter((_, at) => at % each === 0)
        .map(({ at }) => (at === null ? "" : areDays ? format.utcDay(at) : format.clock(at)));
      if (times.join() !== shown) {
        shown = times.join();
        setChildren(axis, times.map((time) => h("span", {}, time)));
      }
    },
  };
}

/**
 * Return how far apart labels stand: they are spread evenly, from the first bar to the last.
 *
 * @param {number} last the place of the last bar
 */
function labelled(last) {
  let each = 1;
  while (last % each !== 0 || last / each > MOST_GAPS) {
    each += 1;
  }
  return each;
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

/** @param {Counts[]} hours @param {Format} format @param {number} now @param {boolean} areDays */
function label(hours, format, now, areDays) {
  /** @param {"ended" | "partial" | "failed"} name */
  const sum = (name) => format.number(hours.reduce((total, hour) => total + hour[name], 0));
  const top = Math.max(...hours.map((hour) => hour.ended), 0);
  const at = hours.find((hour) => hour.ended === top)?.at ?? null;
  const most =
    top === 0 || at === null
      ? ""
      : `, most ${areDays ? `on ${format.utcDay(at)}` : `in the hour from ${format.minutes(at, now)}`}: ${format.number(top)}`;
  const wrong = `${sum("failed")} failed, ${sum("partial")} partial`;
  return `Ended ${areDays ? "day by day (UTC)" : "hour by hour"}: ${sum("ended")} in all${most}; ${wrong}.`;
}
