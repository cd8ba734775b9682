/** The time zone that times are shown in: days of it, and its name in the address. */

const DAY = 86_400_000;

/** The zone of the reader's browser. */
export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @param {string} zone */
export function isZone(zone) {
  try {
    Intl.DateTimeFormat(undefined, { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/**
 * Return the zone that an address names; null where it names none.
 *
 * @param {string} hash
 */
export function zoneIn(hash) {
  return new URLSearchParams(hash.split("?")[1] ?? "").get("tz");
}

/**
 * Return the address with another zone, or without one.
 *
 * @param {string} hash
 * @param {string | null} zone
 */
export function withZone(hash, zone) {
  const [path, query = ""] = hash.split("?");
  const given = new URLSearchParams(query);
  given.delete("tz");
  if (zone !== null) {
    given.set("tz", zone);
  }
  const text = given.toString();
  return `${path || "#/overview"}${text === "" ? "" : `?${text}`}`;
}

/**
 * Return the day of a zone's calendar in which an instant lies, as in "2026-11-22".
 *
 * @param {number} instant milliseconds since 1970
 * @param {string} zone
 */
export function dayIn(instant, zone) {
  return wall(instant, zone).slice(0, 10);
}

/**
 * Return the instant at which a day of a zone's calendar begins, in milliseconds since 1970; NaN
 * for what is no day. A day in which clocks change has 23 or 25 hours.
 *
 * @param {string} day as in "2026-11-22"
 * @param {string} zone
 */
export function startOfDay(day, zone) {
  const asUtc = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(asUtc)) {
    return NaN;
  }
  // where clocks change at midnight, one of the two offsets leads to the day before
  const begins = [asUtc - DAY, asUtc + DAY].map((near) => asUtc - offset(near, zone));
  const inside = begins.filter((instant) => dayIn(instant, zone) === day);
  return inside.length > 0 ? Math.min(...inside) : Math.max(...begins);
}

/**
 * Return the day that is so many days later, by the calendar.
 *
 * @param {string} day
 * @param {number} days
 */
export function dayAfter(day, days = 1) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

/**
 * Return the moment at which a day begins in a zone, or with `isEnd` the one at which the next begins.
 *
 * @param {string} day as in "2026-11-22"
 * @param {boolean} isEnd
 * @param {string} zone
 */
export function momentOf(day, isEnd, zone) {
  return day === ""
    ? ""
    : new Date(startOfDay(isEnd ? dayAfter(day) : day, zone)).toISOString().replace(".000Z", "Z");
}

/**
 * Return the day of a zone in which a moment lies, or with `isEnd` the last day before it.
 *
 * @param {string} moment
 * @param {boolean} isEnd
 * @param {string} zone
 */
export function dayOf(moment, isEnd, zone) {
  const at = Date.parse(moment) - (isEnd ? 1 : 0);
  return Number.isNaN(at) ? "" : dayIn(at, zone);
}

/** @param {number} instant @param {string} zone */
function offset(instant, zone) {
  return Date.parse(`${wall(instant, zone)}Z`) - Math.floor(instant / 1000) * 1000;
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** @param {number} instant @param {string} zone @returns {string} as in "2026-11-22T10:30:00" */
function wall(instant, zone) {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZone: zone,
    });
  clocks.set(zone, clock);
  const parts = Object.fromEntries(clock.formatToParts(instant).map(({ type, value }) => [type, value]));
  return `${parts.year.padStart(4, "0")}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}`;
}
