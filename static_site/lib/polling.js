/** When to ask again, and the loop that does it. */

import { Unavailable } from "./errors.js";

const BUSY_SECONDS = 3;
const IDLE_SECONDS = 10;
const HIDDEN_SECONDS = 60;
const LONGEST_SECONDS = 60;

/**
 * How long to wait before the next question.
 *
 * @param {object} now
 * @param {boolean} now.busy whether something shown is still running
 * @param {boolean} now.hidden whether nobody is looking
 * @param {number} now.failures how many questions in a row went unanswered
 * @param {number | null} now.retryAfterSeconds what the API asked for
 * @param {number} now.random 0 to 1, so that many readers don't come back as one
 */
export function delaySeconds({ busy, hidden, failures, retryAfterSeconds, random }) {
  const calm = hidden ? HIDDEN_SECONDS : busy ? BUSY_SECONDS : IDLE_SECONDS;
  if (failures === 0) {
    return calm;
  }
  const backedOff = BUSY_SECONDS * 2 ** Math.min(failures - 1, 6);
  const spread = Math.min(backedOff, LONGEST_SECONDS) * (0.75 + random / 2);
  return Math.max(spread, retryAfterSeconds ?? 0, hidden ? HIDDEN_SECONDS : 0);
}

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since 1970
 * @property {(callback: () => void, milliseconds: number) => unknown} setTimeout
 * @property {(handle: any) => void} clearTimeout
 * @property {() => number} random
 */

/**
 * @typedef {object} Pace how a poll stands
 * @property {number | null} asOf when the data was last known to be right
 * @property {Error | null} error why it isn't any more
 * @property {number | null} nextAt when it will be asked for again
 */

/** @type {Readonly<Pace>} nothing has been answered yet */
export const NEVER = Object.freeze({ asOf: null, error: null, nextAt: null });

/**
 * Ask again and again while started; one question at a time.
 *
 * @param {object} parts
 * @param {(signal: AbortSignal) => Promise<{ busy: boolean }>} parts.ask
 * @param {() => boolean} parts.isHidden
 * @param {Clock} parts.clock
 * @param {(pace: Pace) => void} parts.onPace called after each answer and failure
 * @param {(error: unknown) => boolean} parts.isFinal whether an error makes asking again useless
 */
export function createPoll({ ask, isHidden, clock, onPace, isFinal }) {
  /** @type {AbortController | null} */
  let asking = null;
  /** @type {unknown} */
  let timer = null;
  let started = false;
  let busy = true;
  let failures = 0;
  /** @type {Pace} */
  let pace = NEVER;

  /** @param {number | null} retryAfterSeconds */
  function plan(retryAfterSeconds) {
    const hidden = isHidden();
    const random = clock.random();
    const seconds = delaySeconds({ busy, hidden, failures, retryAfterSeconds, random });
    clock.clearTimeout(timer);
    timer = clock.setTimeout(run, seconds * 1000);
    pace = { ...pace, nextAt: clock.now() + seconds * 1000 };
  }

  /** @param {unknown} error */
  function failed(error) {
    failures += 1;
    pace = { ...pace, error: /** @type {Error} */ (error), nextAt: null };
    if (!isFinal(error)) {
      plan(error instanceof Unavailable ? error.retryAfterSeconds : null);
    }
  }

  async function run() {
    const mine = new AbortController();
    asking = mine;
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
    /** Ask now, and go on asking. */
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

    /** Plan anew, as the page has been hidden. */
    relax() {
      if (started && asking === null && pace.nextAt !== null) {
        plan(null);
      }
    },

    /** Forget the age of what was shown: it is something else now. */
    reset() {
      failures = 0;
      busy = true;
      pace = NEVER;
    },
  };
}

/** @typedef {ReturnType<typeof createPoll>} Poll */
