/**
 * The jobs that are shown, newest first, put together from pages.
 *
 * A page is the whole truth about the span of jobs that it covers: whatever was known of that span
 * before and isn't in the page has gone (it may no longer match the filters). What lies outside
 * the span stays. So the newest page can be asked for again and again while older ones stay.
 */

/** The number of jobs that one page asks for at first, and at most. */
export const PAGE_SIZE = 50;
const LARGEST_PAGE = 200;

export const EMPTY_LIST = Object.freeze({
  jobs: [],
  endKey: null,
  endCursor: null,
  coversFrom: null,
  hasOlder: false,
  loaded: false,
});

/** The place of a job in the list, greater when newer, exact to the last digit of a second. */
export function keyOf(job) {
  const [, seconds, fraction = ""] = /^(.*?)(?:\.(\d+))?Z?$/.exec(job.created_at) ?? ["", ""];
  return `${seconds}.${fraction.padEnd(9, "0")}#${job.job_id}`;
}

/**
 * How many jobs to ask for so that the newest page covers what is shown, as far as one page may.
 */
export function liveLimit(list) {
  const shown = Math.ceil(list.jobs.length / PAGE_SIZE) * PAGE_SIZE;
  return list.hasOlder ? Math.min(Math.max(shown, PAGE_SIZE), LARGEST_PAGE) : PAGE_SIZE;
}

/** Take in the newest page. */
export function withNewest(list, page) {
  const pageEnd = endOf(page, null);
  const jobs = replaceSpan(list.hasOlder ? list.jobs : [], page.items, null, pageEnd);
  const wentFurther = list.endKey !== null && (pageEnd === null || pageEnd <= list.endKey);
  if (!list.hasOlder || !list.loaded || wentFurther) {
    return {
      ...list,
      jobs,
      endKey: pageEnd,
      endCursor: page.next_cursor,
      coversFrom: page.covers_from,
      loaded: true,
    };
  }
  return { ...list, jobs, loaded: true };
}

/** From now on keep what falls off the newest page: older jobs are about to be asked for. */
export function keepingOlder(list) {
  return { ...list, hasOlder: true };
}

/** Take in the page that the list's cursor asked for, while older ones are kept. */
export function withOlder(list, page) {
  const pageEnd = endOf(page, list.endKey);
  return {
    ...list,
    jobs: replaceSpan(list.jobs, page.items, list.endKey, pageEnd),
    endKey: pageEnd,
    endCursor: page.next_cursor,
    coversFrom: page.covers_from,
  };
}

/** Take in a page from somewhere in the middle, asked for to bring old rows up to date. */
export function withMiddle(list, page, startKey) {
  const pageEnd = endOf(page, startKey);
  const limit = list.endKey ?? pageEnd;
  const items = page.items.filter((job) => limit === null || keyOf(job) >= limit);
  return { list: { ...list, jobs: replaceSpan(list.jobs, items, startKey, pageEnd) }, pageEnd };
}

/** The key of the last job that a page covers; null when it goes back to the beginning of time. */
export function endOf(page, startKey) {
  if (page.next_cursor === null) {
    return null;
  }
  const last = page.items.at(-1);
  return last === undefined ? startKey : keyOf(last);
}

function replaceSpan(known, items, startKey, endKey) {
  const given = new Set(items.map((job) => job.job_id));
  const kept = known.filter((job) => {
    const key = keyOf(job);
    const inside =
      (startKey === null || key < startKey) && (endKey === null || key >= endKey);
    return !inside && !given.has(job.job_id);
  });
  return [...kept, ...items]
    .map((job) => ({ key: keyOf(job), job }))
    .sort((a, b) => (a.key < b.key ? 1 : a.key > b.key ? -1 : 0))
    .map(({ job }) => job);
}

export function anyRunning(jobs) {
  return jobs.some((job) => job.status !== "completed" && !job.stalled);
}
