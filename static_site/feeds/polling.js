/** When to ask again, and the loop that does it. */

import { Unavailable } from "../lib/problems.js";

const BUSY_SECONDS = 3;
const IDLE_SECONDS = 10;
const HIDDEN_SECONDS = 60;
const LONGEST_SECONDS = 60;
/** While the ledger tells of changes: at most one question in so many seconds. */
const NEWS_SECONDS = 1;
/** One more after the last change: what follows from it (an incident, say) comes a little later. */
const SETTLING_SECONDS = 10;
/** What time alone changes, and what was told and not heard. */
const TOLD_SECONDS = 300;

/**
 * Return how many seconds to wait: fewer while something runs, more after each failure.
 *
 * Where the ledger tells of changes, it is asked when it does, and otherwise seldom.
 *
 * @param {object} situation
 * @param {boolean} situation.busy
 * @param {boolean} situation.hidden
 * @param {number} situation.failures how many questions have failed one after the other
 * @param {number | null} situation.retryAfterSeconds
 * @param {number} situation.random from 0 to 1
 * @param {"none" | "past" | "waiting" | null} [situation.news] whether some was told of and not asked
 *     for yet, or was just asked for; null where the ledger doesn't tell
 */
export function delaySeconds({ busy, hidden, failures, retryAfterSeconds, random, news = null }) {
  const calm = news === null
    ? hidden ? HIDDEN_SECONDS : busy ? BUSY_SECONDS : IDLE_SECONDS
    : news === "waiting"
      ? hidden ? HIDDEN_SECONDS : NEWS_SECONDS
      : news === "past" && !hidden ? SETTLING_SECONDS : TOLD_SECONDS;
  if (failures === 0) {
    return calm;
  }
  const backedOff = BUSY_SECONDS * 2 ** Math.min(failures - 1, 6);
  const spread = Math.min(backedOff, LONGEST_SECONDS) * (0.75 + random / 2);
  return Math.max(spread, retryAfterSeconds ?? 0, hidden ? HIDDEN_SECONDS : 0);
}

/** @type {Readonly<Pace>} */
export const NEVER = Object.freeze({ asOf: null, error: null, nextAt: null });

/**
 * Ask again and again while started; one question at a time.
 *
 * @param {object} parts
 * @param {(signal: AbortSignal) => Promise<{ busy: boolean }>} parts.ask
 * @param {() => boolean} parts.isHidden
 * @param {() => boolean} [parts.isLive] whether the ledger tells of changes
 * @param {Clock} parts.clock
 * @param {(pace: Pace) => void} parts.onPace
 * @param {(error: unknown) => boolean} parts.isFinal whether to stop asking after this error
 */
export function createPoll({ ask, isHidden, isLive = () => false, clock, onPace, isFinal }) {
  /** @type {AbortController | null} */
  let asking = null;
  /** @type {number | undefined} */
  let timer;
  let started = false;
  let busy = true;
  let failures = 0;
  /** @type {"none" | "past" | "waiting"} */
  let news = "none";
  let askedAt = -Infinity;
  /** @type {Pace} */
  let pace = NEVER;

  /** @param {number | null} retryAfterSeconds */
  function plan(retryAfterSeconds) {
    const told = isLive() ? news : null;
    const planned = delaySeconds({
      busy,
      hidden: isHidden(),
      failures,
      retryAfterSeconds,
      random: clock.random(),
      news: told,
    });
    // counted from the last question: the first news after a while is asked for at once
    const passed = told === "waiting" && failures === 0 ? (clock.now() - askedAt) / 1000 : 0;
    const seconds = Math.max(planned - passed, 0);
    clock.clearTimeout(timer);
    timer = clock.setTimeout(run, seconds * 1000);
    pace = { ...pace, nextAt: clock.now() + seconds * 1000 };
  }

  /** @param {unknown} error */
  function failed(error) {
    failures += 1;
    pace = { ...pace, error, nextAt: null };
    if (!isFinal(error)) {
      plan(error instanceof Unavailable ? error.retryAfterSeconds : null);
    }
  }

  async function run() {
    const mine = new AbortController();
    asking = mine;
    askedAt = clock.now();
    news = news === "waiting" ? "past" : "none";
    clock.clearTimeout(timer);
    try {
      const answer = await ask(mine.signal);
      if (mine.signal.aborted) {
        return;
      }
      failures = 0;
      busy = answer.busy;
      pace = { asOf: clock.now(), error: null, nextAt: null };
      plan(null);
    } catch (error) {
      if (mine.signal.aborted) {
        return;
      }
      failed(error);
    }
    asking = null;
    onPace(pace);
  }

  function halt() {
    started = false;
    asking?.abort();
    asking = null;
    clock.clearTimeout(timer);
  }

  return {
    start() {
      halt();
      started = true;
      void run();
    },

    stop: halt,

    /** Ask now instead of later: somebody has come back, or presses "try now". */
    hurry() {
      if (started && asking === null) {
        void run();
      }
    },

    /** Ask soon: the ledger has told of a change. */
    hear() {
      news = "waiting";
      if (started && asking === null) {
        plan(null);
      }
    },

    /** Wait longer, as the page has been hidden. */
    relax() {
      if (started && asking === null && pace.nextAt !== null) {
        plan(null);
      }
    },

    /** Forget the age of what was shown, as something else is shown now. */
    reset() {
      failures = 0;
      busy = true;
      pace = NEVER;
    },
  };
}
