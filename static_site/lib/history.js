/**
 * A job's history, put together from pages, oldest first.
 *
 * Only the last page can grow, so only that one is asked for again. A late event may lie in an
 * earlier page; a reload of the job's page shows it.
 */

export const NO_HISTORY = Object.freeze({ settled: [], cursor: null, last: null });

export function withLast(history, page) {
  return { ...history, last: page };
}

export function withNext(history, page) {
  return {
    settled: entriesOf(history),
    cursor: history.last?.next_cursor ?? null,
    last: page,
  };
}

/** Every entry that is here, each once. */
export function entriesOf(history) {
  const byId = new Map(history.settled.map((entry) => [entry.event_id, entry]));
  for (const entry of history.last?.items ?? []) {
    byId.set(entry.event_id, entry);
  }
  return [...byId.values()];
}
