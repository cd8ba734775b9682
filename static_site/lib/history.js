/**
 * A job's history, put together from pages, oldest first.
 *
 * Only the last page can grow, so only that one is asked for again. A late event may lie in an
 * earlier page; a reload of the job's page shows it.
 */

/** @typedef {import("./shapes.js").Entry} Entry */
/** @typedef {import("./shapes.js").Page<Entry>} EntryPage */

/**
 * @typedef {object} History
 * @property {readonly Entry[]} settled entries of the pages before the last
 * @property {string | null} cursor of the last page; null: it is the first
 * @property {EntryPage | null} last
 */

/** @type {Readonly<History>} */
export const NO_HISTORY = Object.freeze({ settled: [], cursor: null, last: null });

/**
 * @param {History} history
 * @param {EntryPage} page the last page, asked for again
 * @returns {History}
 */
export function withLast(history, page) {
  return { ...history, last: page };
}

/**
 * @param {History} history
 * @param {EntryPage} page the page after the last
 * @returns {History}
 */
export function withNext(history, page) {
  return {
    settled: entriesOf(history),
    cursor: history.last?.next_cursor ?? null,
    last: page,
  };
}

/**
 * Every entry that is here, each once.
 *
 * @param {History} history
 * @returns {Entry[]}
 */
export function entriesOf(history) {
  const byId = new Map(history.settled.map((entry) => [entry.event_id, entry]));
  for (const entry of history.last?.items ?? []) {
    byId.set(entry.event_id, entry);
  }
  return [...byId.values()];
}
