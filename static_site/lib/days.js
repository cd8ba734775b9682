/** Days of the reader's calendar as moments. */

/** The moment at which a day begins here; with `isEnd` the one at which the next begins. */
export function momentOf(day, isEnd) {
  const [year, month, date] = day.split("-").map(Number);
  return day === ""
    ? ""
    : new Date(year, month - 1, date + (isEnd ? 1 : 0)).toISOString().replace(".000Z", "Z");
}

/** The day here that a moment lies in; with `isEnd` the last one before it. */
export function dayOf(moment, isEnd) {
  const at = new Date(Date.parse(moment) - (isEnd ? 1 : 0));
  const two = (number) => String(number).padStart(2, "0");
  return Number.isNaN(at.getTime())
    ? ""
    : `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
