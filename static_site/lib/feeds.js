/** Lists of one path, page by page, each kept up to date under its own ETag; and single things. */

import { BadQuery } from "./errors.js";
import { readJob, readOverview, readPage } from "./shapes.js";
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
  let query = {};
  let pages = [first()];

  async function askPage(one, signal) {
    const answer = await api.get(path, {
      query: { ...query, limit, cursor: one.cursor },
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
      query = next;
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

export function createOverviewFeed(api) {
  const overview = createThing(api, "/overview", readOverview);
  const lists = Object.entries(LISTS).map(([name, query]) => ({
    name,
    query: { ...query, limit: FEW },
    jobs: createThing(api, "/jobs", (body) => readPage(body, readJob).items),
  }));
  let areListsRight = false;

  const askLists = (signal) =>
    Promise.all(lists.map(({ jobs, query }) => jobs.ask(signal, query)));

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
