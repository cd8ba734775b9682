/** How the jobs of a project were done day by day, at which pace, and when the rest will be. */

import { asNumber, asObject, mapOf } from "../../lib/shapes.js";
import { DONE } from "../../lib/outcomes.js";

const DAY = 86_400_000;
const PACE_DAYS = 7;

/**
 * The days of a project, of the API's trends by day.
 *
 * @param {unknown} value
 */
export function readDays(value) {
  const raw = asObject(value);
  const [only] = Array.isArray(raw.series) ? raw.series : [];
  const points = asObject(only).points;
  return {
    from: Date.parse(String(raw.from)),
    points: (Array.isArray(points) ? points : [])
      .map((point) => ({ at: Date.parse(String(point.at)), done: doneOf(point) }))
      .filter(({ at }) => !Number.isNaN(at)),
  };
}

/** @param {unknown} point */
function doneOf(point) {
  const counts = mapOf(point, asNumber);
  return DONE.reduce((sum, result) => sum + (counts[result] ?? 0), 0);
}

/**
 * Return the line of a burn-up, its days, its pace and its end; times are in milliseconds since
 * 1970.
 *
 * The line says how many jobs were done by a time. It is counted back from all that are done, so
 * that it ends at that number whenever the project began. `days` are those on which something was
 * done, and today: how much it was, and how much in all by the day's end. The pace, in jobs a day,
 * is that of today and the six days before; `endAt` is when the rest is done at it, null where
 * nothing is left, nothing is expected, or nothing goes on.
 *
 * @param {Pick<Project, "jobs_done" | "jobs_expected" | "created_at">} project
 * @param {ReturnType<typeof readDays>} days
 * @param {number} now
 * @param {number} today when today began
 */
export function burnUp(project, { from, points: all }, now, today) {
  const { jobs_done: doneNow, jobs_expected: expected, created_at: created } = project;
  const points = all.filter((point) => point.done > 0);
  const first = points[0]?.at ?? now;
  const begin = Math.max(from, created === null ? first : Math.min(first, Date.parse(created)));
  // the days may know of a job that the project did not count yet
  let done = doneNow - points.reduce((sum, point) => sum + point.done, 0);
  /** @param {number} at */
  const place = (at) => ({ at, done: Math.max(done, 0) });
  const line = [place(begin)];
  const days = [];
  for (const point of points) {
    if (point.at > line[line.length - 1].at) {
      line.push(place(point.at));
    }
    done += point.done;
    line.push(place(Math.min(point.at + DAY, now)));
    days.push({ ...place(point.at), added: point.done });
  }
  line.push({ at: now, done: doneNow });
  if (days.length === 0 || days[days.length - 1].at < today) {
    days.push({ at: now, added: 0, done: doneNow });
  }

  const since = today - (PACE_DAYS - 1) * DAY;
  const recent = points
    // where clocks change, a day begins an hour earlier or later
    .filter(({ at }) => at > since - DAY / 2)
    .reduce((sum, point) => sum + point.done, 0);
  const pace = recent / Math.max((now - Math.max(since, begin)) / DAY, 1);
  const left = expected === null ? 0 : expected - doneNow;
  return { line, days, pace, endAt: left > 0 && pace > 0 ? now + (left / pace) * DAY : null };
}
