/** Times, durations, numbers and money as text, in the reader's own way of writing them. */

/** @typedef {{ locale?: string, timeZone?: string }} Reader undefined: as the browser says */

/**
 * @param {Reader} reader
 */
export function createFormat({ locale, timeZone } = {}) {
  const number = new Intl.NumberFormat(locale);
  const compact = new Intl.NumberFormat(locale, {
    notation: "compact",
    maximumSignificantDigits: 3,
  });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const fraction = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const clock = new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZone,
  });
  const minutes = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone });
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
    const part = (/** @type {string} */ type) => parts.find((one) => one.type === type)?.value;
    return { year: part("year"), day: `${part("month")}/${part("day")}` };
  }

  /**
   * @param {number} value
   * @param {number} digits
   */
  const money = (value, digits) =>
    new Intl.NumberFormat(locale, {
      style: "currency",
      currency: "USD",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);

  return {
    /** @param {number} value */
    number: (value) => number.format(value),

    /** @param {number} value 12,345 in full, 12.3M short */
    compact: (value) => (Math.abs(value) < 100_000 ? number : compact).format(value),

    /**
     * The share of a whole; all of it only when all of it is there.
     *
     * @param {number} done
     * @param {number} total
     */
    percent(done, total) {
      const share = done / total;
      return percent.format(share < 1 ? Math.min(share, 0.99) : share);
    },

    /**
     * Dollars, with more digits the smaller they are.
     *
     * @param {number} microusd
     */
    money(microusd) {
      const dollars = microusd / 1_000_000;
      const size = Math.abs(dollars);
      return money(dollars, size === 0 || size >= 0.1 ? 2 : size >= 0.001 ? 4 : 6);
    },

    /**
     * A duration in its two greatest units.
     *
     * @param {number} seconds
     */
    duration(seconds) {
      const [sign, size] = seconds < 0 ? ["−", -seconds] : ["", seconds];
      if (size < 10) {
        return `${sign}${fraction.format(size)} s`;
      }
      const whole = Math.round(size);
      const [d, h, m, s] = [
        Math.floor(whole / 86_400),
        Math.floor((whole % 86_400) / 3_600),
        Math.floor((whole % 3_600) / 60),
        whole % 60,
      ];
      if (d > 0) {
        return `${sign}${number.format(d)} d ${h} h`;
      }
      if (h > 0) {
        return `${sign}${h} h ${m} min`;
      }
      return m > 0 ? `${sign}${m} min ${s} s` : `${sign}${s} s`;
    },

    /**
     * How long ago, in one unit; a clock that is a little ahead of ours counts as now.
     *
     * @param {number} seconds
     */
    ago(seconds) {
      if (seconds < 1) {
        return "just now";
      }
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
     * The time of day, to the second today, with the date before today, with the year before this
     * one.
     *
     * @param {string} at
     * @param {number} now
     */
    time(at, now) {
      const [then, today] = [yearAndDay(Date.parse(at)), yearAndDay(now)];
      if (then.year === today.year && then.day === today.day) {
        return clock.format(Date.parse(at));
      }
      const dayText = then.year === today.year ? day : dayOfYear;
      return `${dayText.format(Date.parse(at))}, ${minutes.format(Date.parse(at))}`;
    },
  };
}

/** @typedef {ReturnType<typeof createFormat>} Format */

/**
 * The exact time, as the ledger has it.
 *
 * @param {string} at
 */
export function exactUtc(at) {
  return `${at.replace("T", " ").replace(/Z$/, "")} UTC`;
}
