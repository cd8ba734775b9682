/** Times, durations, numbers and money as text, in the reader's own way of writing them. */

export function createFormat({ locale, timeZone } = {}) {
  const number = new Intl.NumberFormat(locale);
  const compact = new Intl.NumberFormat(locale, {
    notation: "compact",
    maximumSignificantDigits: 3,
  });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const fine = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
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

  function yearAndDay(instant) {
    const parts = date.formatToParts(instant);
    const part = (type) => parts.find((one) => one.type === type)?.value;
    return { year: part("year"), day: `${part("month")}/${part("day")}` };
  }

  const money = (value, digits) =>
    new Intl.NumberFormat(locale, {
      style: "currency",
      currency: "USD",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);

  /** Texts of times are asked for again with every update, and are dear: good for a minute. */
  const known = new Map();
  let knownMinute = 0;

  function timeText(at, now) {
    const [then, today] = [yearAndDay(Date.parse(at)), yearAndDay(now)];
    if (then.year === today.year && then.day === today.day) {
      return clock.format(Date.parse(at));
    }
    const dayText = then.year === today.year ? day : dayOfYear;
    return `${dayText.format(Date.parse(at))}, ${minutes.format(Date.parse(at))}`;
  }

  return {
    number: (value) => number.format(value),

    compact: (value) => (Math.abs(value) < 100_000 ? number : compact).format(value),

    /** The share of a whole; all of it only when all of it is there. */
    percent(done, total) {
      const share = done / total;
      return percent.format(share < 1 ? Math.min(share, 0.99) : share);
    },

    /** Dollars, with more digits the smaller they are. */
    money(microusd) {
      const dollars = microusd / 1_000_000;
      const size = Math.abs(dollars);
      return money(dollars, size === 0 || size >= 0.1 ? 2 : size >= 0.001 ? 4 : 6);
    },

    /** A duration in its two greatest units, the second only where it says something. */
    duration(seconds) {
      const [sign, size] = seconds < 0 ? ["−", -seconds] : ["", seconds];
      if (size < 10) {
        return `${sign}${fraction.format(size)} s`;
      }
      const whole = Math.round(size);
      const parts = [
        [Math.floor(whole / 86_400), "d"],
        [Math.floor((whole % 86_400) / 3_600), "h"],
        [Math.floor((whole % 3_600) / 60), "min"],
        [whole % 60, "s"],
      ];
      const first = parts.findIndex(([count]) => count > 0);
      const said = parts.slice(first, first + 2).filter(([count]) => count > 0);
      return sign + said.map(([count, unit]) => `${number.format(count)} ${unit}`).join(" ");
    },

    /** How long ago, in one unit; a clock that is a little ahead of ours counts as now. */
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

    /** The time of day to the minute, with the date before today. */
    minutes(at, now) {
      const [then, today] = [yearAndDay(Date.parse(at)), yearAndDay(now)];
      const text = minutes.format(Date.parse(at));
      return then.day === today.day ? text : `${day.format(Date.parse(at))}, ${text}`;
    },

    clock: (at) => minutes.format(Date.parse(at)),

    day: (at) => dayOfYear.format(Date.parse(at)),

    /** A share, 0 to 1, to a tenth of a percent where it is small. */
    rate: (value) => (value > 0 && value < 0.1 ? fine : percent).format(value),

    /**
     * The time of day, to the second today, with the date before today, with the year before this
     * one.
     */
    time(at, now) {
      const minute = Math.floor(now / 60_000);
      if (minute !== knownMinute) {
        knownMinute = minute;
        known.clear();
      }
      if (!known.has(at)) {
        known.set(at, timeText(at, now));
      }
      return known.get(at);
    },
  };
}

/** The exact time, as the ledger has it. */
export function exactUtc(at) {
  return `${at.replace("T", " ").replace(/Z$/, "")} UTC`;
}
