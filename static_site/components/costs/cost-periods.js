/** The periods of costs: their times and those of the previous one, as the API is asked for them. */

import { dayAfter, dayIn, startOfDay } from "../page/zones.js";

const HOUR = 3_600_000;
/** The API counts no more days than these at once. */
const MOST_DAYS = 400;
/** @type {Readonly<Record<string, number>>} the days of a period by its name */
const DAYS = { "": 7, today: 1, "30d": 30 };

/**
 * Return the times of a period and of the previous one, which is as long: today counts as far
 * as it has come, and so does the last day of the previous period.
 *
 * A period that is not offered, or begins at no time that has been, is the last 7 days, and one that
 * begins too early begins later; `note` says so.
 *
 * @param {Filters} filters the name of a `period`, or the moment `since` which to count
 * @param {number} now in milliseconds since 1970
 * @param {Format} format its zone is that of the days
 * @returns {CostPeriod}
 */
export function costPeriod({ period = "", since = "" }, now, format) {
  const zone = format.zone();
  const today = dayIn(now, zone);
  const passed = now - startOfDay(today, zone);
  if (since !== "") {
    return sincePeriod(since, now, format);
  }
  if (period === "month") {
    const first = `${today.slice(0, 8)}01`;
    const previous = `${dayAfter(first, -1).slice(0, 8)}01`;
    const sameDay = dayAfter(previous, Number(today.slice(8)) - 1);
    return {
      begin: startOfDay(first, zone),
      previousBegin: startOfDay(previous, zone),
      previousEnd: Math.min(startOfDay(sameDay, zone) + passed, startOfDay(first, zone)),
      before: "the previous month, up to the same day and time",
      note: "",
    };
  }
  if (!Object.hasOwn(DAYS, period)) {
    const note = `You asked for the period “${period}”, which is not offered: the last 7 days are shown.`;
    return { ...costPeriod({}, now, format), note };
  }
  const days = DAYS[period];
  /** @param {number} back */
  const start = (back) => startOfDay(dayAfter(today, -back), zone);
  return {
    begin: start(days - 1),
    previousBegin: start(2 * days - 1),
    previousEnd: start(days) + passed,
    before: days === 1 ? "yesterday up to the same time" : `the previous ${days} days, up to the same time of day`,
    note: "",
  };
}

/** @param {string} since @param {number} now @param {Format} format @returns {CostPeriod} */
function sincePeriod(since, now, format) {
  const zone = format.zone();
  const asked = Date.parse(since);
  const said = `You asked for what was used since ${Number.isNaN(asked) ? `“${since}”` : format.time(since, now)}`;
  if (Number.isNaN(asked) || asked >= now) {
    const why = Number.isNaN(asked) ? "is no time" : "has not come yet";
    return { ...costPeriod({}, now, format), note: `${said}, which ${why}: the last 7 days are shown.` };
  }
  const first = startOfDay(dayAfter(dayIn(now, zone), 1 - MOST_DAYS), zone);
  const begin = Math.max(asked, first);
  return {
    begin,
    // as on the overview, without the hour that goes on
    previousBegin: begin - (Math.floor(now / HOUR) * HOUR - begin),
    previousEnd: begin,
    before: "the previous period, which is as long",
    note: asked < first ? `${said}. ${MOST_DAYS} days can be counted at most, and are shown.` : "",
  };
}

/**
 * Cut a time into hours and whole days of a zone, as few as make it up: of days the API has sums.
 *
 * @param {number} begin in milliseconds since 1970
 * @param {number} end
 * @param {string} zone
 * @param {boolean} [isOpen] whether the end is now, and moves
 * @returns {CostPiece[]}
 */
export function piecesOf(begin, end, zone, isOpen = false) {
  const until = isOpen ? end : Math.ceil(end / HOUR) * HOUR;
  const firstDay = startOfDay(dayAfter(dayIn(begin - 1, zone)), zone);
  const lastDay = startOfDay(dayIn(until, zone), zone);
  /** @type {[CostPiece["interval"], number, number][]} */
  const cuts =
    firstDay >= until
      ? [["hour", begin, until]]
      : [
          ["hour", begin, firstDay],
          ["day", firstDay, isOpen ? until : lastDay],
          ["hour", isOpen ? until : lastDay, until],
        ];
  return cuts
    .filter(([, from, to]) => from < to)
    .map(([interval, from, to]) => ({
      interval,
      from: new Date(from).toISOString(),
      to: isOpen && to === until ? "" : new Date(to).toISOString(),
    }));
}
