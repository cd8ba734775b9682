/** Things and lists as they come from the API, each kept up to date under its own ETag. */

import { BadQuery, isEnd } from "./problems.js";
import { readEntry, readJob, readOverview, readPage } from "./shapes.js";
import { FAILURES } from "./words.js";

export function createThing(api, path, read) {
  let etag = null;
  let data = null;
  return {
    data: () => data,

    /** Ask; whether something has changed. */
    async ask(signal, query = {}) {
      const answer = await api.get(path, { query, etag, signal });
      signal.throwIfAborted();
      etag = answer.etag;
      if (answer.changed) {
        data = read(answer.body);
      }
      return answer.changed;
    },
  };
}

/** The pages of a list that were looked at; each begins where the one before it ends now. */
export function createPages(api, { path, limit, read, keyOf }) {
  const first = () => ({ cursor: null, etag: null, page: null });
  let queryOf = () => ({});
  let pages = [first()];

  async function askPage(one, signal) {
    const answer = await api.get(path, {
      query: { ...queryOf(), limit, cursor: one.cursor },
      etag: one.etag,
      signal,
    });
    signal?.throwIfAborted();
    one.etag = answer.etag;
    if (answer.changed) {
      one.page = readPage(answer.body, read);
    }
  }

  async function askAll(signal) {
    const mine = pages;
    for (const [at, one] of mine.entries()) {
      await askPage(one, signal);
      const next = mine[at + 1];
      const cursor = one.page.next_cursor;
      if (next !== undefined && next.cursor !== cursor) {
        if (cursor === null) {
          mine.length = at + 1;
          return;
        }
        Object.assign(next, { ...first(), cursor, page: next.page });
      }
    }
  }

  return {
    reset(next) {
      queryOf = next;
      pages = [first()];
    },

    /** Ask for all pages that are shown; from the first alone when a cursor is refused. */
    async ask(signal) {
      try {
        await askAll(signal);
      } catch (error) {
        if (!(error instanceof BadQuery && error.parameter === "cursor")) {
          throw error;
        }
        pages = [first()];
        await askAll(signal);
      }
    },

    async askMore() {
      const mine = pages;
      const cursor = mine.at(-1).page?.next_cursor ?? null;
      if (cursor !== null) {
        const one = { ...first(), cursor };
        await askPage(one);
        if (mine === pages && mine.at(-1).page.next_cursor === cursor) {
          mine.push(one);
        }
      }
    },

    /** Every item that is here, each once; null before the first answer. */
    data() {
      if (pages[0].page === null) {
        return null;
      }
      const shown = pages.flatMap((one) => one.page?.items ?? []);
      const last = pages.at(-1).page;
      return {
        items: [...new Map(shown.map((item) => [keyOf(item), item])).values()],
        hasMore: last !== null && last.next_cursor !== null,
      };
    },
  };
}

const FEW = 5;
const LISTS = Object.freeze({
  running: { status: "running", stalled: "false" },
  stalled: { stalled: "true" },
  failed: { result: FAILURES },
});

const HOUR = 3_600_000;

export function createOverviewFeed(api, now) {
  const overview = createThing(api, "/overview", readOverview);
  const lists = Object.entries(LISTS).map(([name, query]) => ({
    name,
    query: { ...query, limit: FEW },
    jobs: createThing(api, "/jobs", (body) => readPage(body, readJob).items),
  }));
  let areListsRight = false;

  /** Failures of the hours that are counted: newer jobs may have failed before. */
  function askLists(signal) {
    const since = new Date((Math.floor(now() / HOUR) - 24) * HOUR).toISOString();
    const ended = (query) => (query.result ? { ended_from: since } : {});
    return Promise.all(
      lists.map(({ jobs, query }) => jobs.ask(signal, { ...query, ...ended(query) })),
    );
  }

  return {
    /** The jobs are asked for when the figures have moved: they move with every event. */
    async ask(signal) {
      if (!areListsRight) {
        await Promise.all([overview.ask(signal), askLists(signal)]);
      } else if (await overview.ask(signal)) {
        areListsRight = false;
        await askLists(signal);
      }
      areListsRight = true;
    },

    data() {
      if (overview.data() === null || lists.some(({ jobs }) => jobs.data() === null)) {
        return null;
      }
      const jobs = Object.fromEntries(lists.map((list) => [list.name, list.jobs.data()]));
      return { ...overview.data(), ...sorted(jobs, overview.data().since) };
    },
  };
}

/** What goes on, and what somebody should look at: what has stalled first, then what has failed. */
function sorted({ running, stalled, failed }, since) {
  const recent = failed
    .filter((job) => job.ended_at !== null && (since === null || job.ended_at >= since))
    .sort((a, b) => (a.ended_at < b.ended_at ? 1 : -1));
  return {
    running,
    attention: [...stalled, ...recent].slice(0, FEW),
  };
}

/*
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

export function entriesOf(history) {
  const byId = new Map(history.settled.map((entry) => [entry.event_id, entry]));
  for (const entry of history.last?.items ?? []) {
    byId.set(entry.event_id, entry);
  }
  return [...byId.values()];
}

const ENTRIES_LIMIT = 100;
const CHILDREN_LIMIT = 20;

export function createJobPageFeed(api, jobId) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  const children = createThing(api, "/jobs", (body) => readPage(body, readJob));
  const job = createThing(api, path, readJob);
  let history = NO_HISTORY;
  let historyEtag = null;
  let isHistoryRight = false;
  let isAskingMore = false;

  /**
   * Ask for the last page of the history again; from its beginning when the cursor no longer works.
   */
  async function askHistory(signal) {
    try {
      await askLast(signal);
    } catch (error) {
      if (!(error instanceof BadQuery) || history.cursor === null) {
        throw error;
      }
      history = NO_HISTORY;
      historyEtag = null;
      await askLast(signal);
    }
  }

  async function askLast(signal) {
    const { cursor } = history;
    const query = { limit: ENTRIES_LIMIT, cursor };
    const answer = await api.get(`${path}/entries`, { query, etag: historyEtag, signal });
    if (cursor === history.cursor) {
      historyEtag = answer.etag;
      history = answer.changed ? withLast(history, readPage(answer.body, readEntry)) : history;
    }
  }

  /** What can't be had leaves the job as it is; it is asked for again the next time. */
  async function askSoftly(signal, action) {
    try {
      await action();
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (isEnd(error)) {
        throw error;
      }
      return false;
    }
  }

  async function askHistoryToo(signal) {
    isHistoryRight = await askSoftly(signal, () => askHistory(signal));
  }

  return {
    job: job.data,
    children: () => children.data(),
    history: () => history,
    isHistoryRight: () => isHistoryRight,
    isAskingMore: () => isAskingMore,

    /**
     * Ask for the job and its parts, and when it has changed, for the end of its history; the
     * first time for all at once.
     */
    async ask(signal) {
      const query = { parent_job_id: jobId, limit: CHILDREN_LIMIT };
      const asked = [
        job.ask(signal),
        askSoftly(signal, () => children.ask(signal, query)),
        isHistoryRight ? null : askHistoryToo(signal),
      ];
      const wasHistoryRight = isHistoryRight;
      const [isChanged] = await Promise.all(asked);
      if (isChanged && wasHistoryRight) {
        isHistoryRight = false;
        await askHistoryToo(signal);
      }
    },

    async askMore() {
      const cursor = history.last?.next_cursor ?? null;
      if (isAskingMore || cursor === null) {
        return;
      }
      isAskingMore = true;
      try {
        const query = { limit: ENTRIES_LIMIT, cursor };
        const answer = await api.get(`${path}/entries`, { query });
        history = withNext(history, readPage(answer.body, readEntry));
        historyEtag = answer.etag;
      } finally {
        isAskingMore = false;
      }
    },
  };
}
