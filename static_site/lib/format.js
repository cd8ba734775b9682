/**
 * Times in the reader's own way of writing them; durations, numbers and money as text, as the
 * analysts' app writes them: in English, as the words around them.
 *
 * Times of the ledger (`at`) are texts like "2026-11-22T10:30:00Z"; `now` is in milliseconds since
 * 1970.
 */

/** @param {{ locale?: string, timeZone?: string }} [options] */
export function createFormat({ locale, timeZone } = {}) {
  /** @param {Intl.NumberFormatOptions} [options] */
  const numbers = (options) => new Intl.NumberFormat("en-US", options);
  const number = numbers();
  const compact = numbers({ notation: "compact", maximumSignificantDigits: 3 });
  const percent = numbers({ style: "percent", maximumFractionDigits: 0 });
  const fine = numbers({ style: "percent", maximumFractionDigits: 1 });
  const fraction = numbers({ maximumFractionDigits: 1 });
  const clock = new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZone,
  });
  const minutes = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone });
  const utcDay = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
  const utcDate = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  const dayOfYear = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone });
  const date = new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    timeZone,
  });

  /** @param {number} instant */
  function yearAndDay(instant) {
    const parts = date.formatToParts(instant);
    /** @param {string} type */
    const part = (type) => parts.find((one) => one.type === type)?.value;
    return { year: part("year"), day: `${part("month")}/${part("day")}` };
  }

  /**
   * Texts of times are wanted again with every update and take long to make: kept for a minute.
   *
   * @type {Map<string, string>}
   */
  const known = new Map();
  let knownMinute = 0;

  /** @param {string} at @param {number} now */
  function timeText(at, now) {
    const [then, today] = [yearAndDay(Date.parse(at)), yearAndDay(now)];
    if (then.year === today.year && then.day === today.day) {
      return clock.format(Date.parse(at));
    }
    const dayText = then.year === today.year ? day : dayOfYear;
    return `${dayText.format(Date.parse(at))}, ${minutes.format(Date.parse(at))}`;
  }

  return {
    zone: () => clock.resolvedOptions().timeZone,

    /** @param {number} value */
    number: (value) => number.format(value),

    /** @param {number} value */
    compact: (value) => (Math.abs(value) < 100_000 ? number : compact).format(value),

    /**
     * The share of a whole; 100% only when all of it is done.
     *
     * @param {number} done
     * @param {number} total
     */
    percent(done, total) {
      const share = done / total;
      return percent.format(share < 1 ? Math.min(share, 0.99) : share);
    },

    /**
     * Millionths of a dollar as dollars, with more digits the smaller they are.
     *
     * @param {number} microusd
     */
    money(microusd) {
      const dollars = microusd / 1_000_000;
      const size = Math.abs(dollars);
      const digits = size === 0 || size >= 0.1 ? 2 : size >= 0.001 ? 4 : 6;
      const text = numbers({ minimumFractionDigits: digits, maximumFractionDigits: digits });
      return `${dollars < 0 ? "−" : ""}$${text.format(size)}`;
    },

    /**
     * A duration in its two greatest units, the second only when it isn't 0: "1 h 5 min".
     *
     * @param {number} seconds
     */
    duration(seconds) {
      const [sign, size] = seconds < 0 ? ["−", -seconds] : ["", seconds];
      if (size < 10) {
        return `${sign}${fraction.format(size)} s`;
      }
      const whole = Math.round(size);
      /** @type {[number, string][]} */
      const parts = [
        [Math.floor(whole / 86_400), "d"],
        [Math.floor((whole % 86_400) / 3_600), "h"],
        [Math.floor((whole % 3_600) / 60), "min"],
        [whole % 60, "s"],
      ];
      const first = parts.findIndex(([count]) => count > 0);
      const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
      return sign + shown.map(([count, unit]) => `${number.format(count)} ${unit}`).join(" ");
    },

    /**
     * How long ago, in one unit; what is a little in the future counts as now.
     *
     * @param {number} seconds
     */
    ago(seconds) {
      if (seconds < 1) {
        return "just now";
      }
      /** @type {[number, string]} */
      const [size, unit] =
        seconds < 60
          ? [seconds, "s"]
          : seconds < 3_600
            ? [seconds / 60, "min"]
            : seconds < 86_400
              ? [seconds / 3_600, "h"]
              : [seconds / 86_400, "d"];
      return `${number.format(Math.floor(size))} ${unit} ago`;
    },

    /**
     * The time of day to the minute, with the date before today.
     *
     * @param {string} at
     * @param {number} now
     */
    minutes(at, now) {
      const [then, today] = [yearAndDay(Date.parse(at)), yearAndDay(now)];
      const text = minutes.format(Date.parse(at));
      return then.day === today.day ? text : `${day.format(Date.parse(at))}, ${text}`;
    },

    /** @param {string} at */
    clock: (at) => minutes.format(Date.parse(at)),

    /** @param {string} at */
    utcDay: (at) => utcDay.format(Date.parse(at)),

    /** @param {string} at the day with its year */
    utcDate: (at) => utcDate.format(Date.parse(at)),

    /** @param {string} at */
    day: (at) => dayOfYear.format(Date.parse(at)),

    /**
     * A share from 0 to 1 as a percentage, to a tenth; none only where it is none, all only where it
     * is all.
     *
     * @param {number} value
     */
    rate(value) {
      if (value > 0 && value < 0.001) {
        return "< 0.1%";
      }
      return fine.format(value < 1 ? Math.min(value, 0.999) : value);
    },

    /**
     * By which share something grew, as +12.5%; "" where that is less than can be shown.
     *
     * @param {number} value
     */
    change(value) {
      const size = fine.format(Math.abs(value));
      return size === "0%" ? "" : `${value > 0 ? "+" : "−"}${size}`;
    },

    /** @param {number} value jobs a day, to a tenth */
    pace: (value) => fraction.format(value),

    /**
     * The time of day, to the second today, with the date before today, with the year before this
     * one.
     *
     * @param {string} at
     * @param {number} now
     */
    time(at, now) {
      const minute = Math.floor(now / 60_000);
      if (minute !== knownMinute) {
        knownMinute = minute;
        known.clear();
      }
      const text = known.get(at) ?? timeText(at, now);
      known.set(at, text);
      return text;
    },
  };
}

/**
 * The exact time, to the last digit that the ledger has.
 *
 * @param {string} at
 */
export function exactUtc(at) {
  return `${at.replace("T", " ").replace(/Z$/, "")} UTC`;
}
