/**
 * A socket by which the ledger says that there is something new; what, the page asks the API.
 *
 * It joins by the session's token, and joins again every few minutes: so both ends know that the other
 * one is there, and the ledger always knows a token that counts. While there is no socket that has
 * joined, nobody is live, and pages ask by themselves.
 */

const REJOIN_MILLISECONDS = 240_000;
const ANSWER_MILLISECONDS = 10_000;
/** A token with less than this left is renewed for the next joining. */
const LEFT_MILLISECONDS = 80_000;
const LONGEST_PAUSE_MILLISECONDS = 60_000;
/** A socket that lasted so long was a good one: the next is tried for soon. */
const GOOD_MILLISECONDS = 60_000;

/**
 * @param {object} parts
 * @param {() => WebSocket} parts.open
 * @param {Pick<Session, "accessToken" | "expiresAt">} parts.session
 * @param {Clock} parts.clock
 * @param {() => void} parts.onNews
 * @param {(isLive: boolean) => void} parts.onLive
 */
export function createPush({ open, session, clock, onNews, onLive }) {
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {number | undefined} */
  let timer;
  let isOn = false;
  /** @type {number | null} since when the socket has been one that has joined */
  let liveSince = null;
  let failures = 0;

  /** @param {() => void} callback @param {number} milliseconds */
  function after(callback, milliseconds) {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(callback, milliseconds);
  }

  function connect() {
    const mine = open();
    socket = mine;
    after(lose, ANSWER_MILLISECONDS);
    mine.onopen = () => socket === mine && void join();
    mine.onmessage = ({ data }) => socket === mine && hear(data);
    mine.onclose = () => socket === mine && lose();
  }

  async function join() {
    const mine = socket;
    after(lose, ANSWER_MILLISECONDS);
    const token = await session.accessToken().catch(() => null);
    if (socket === mine) {
      if (token === null) {
        lose();
      } else {
        mine?.send(JSON.stringify({ action: "join", token }));
      }
    }
  }

  /** @param {unknown} data */
  function hear(data) {
    const message = read(data);
    if (message.joined !== undefined) {
      const left = session.expiresAt() - clock.now() - LEFT_MILLISECONDS;
      after(() => void join(), Math.max(Math.min(REJOIN_MILLISECONDS, left), ANSWER_MILLISECONDS));
      if (liveSince === null) {
        liveSince = clock.now();
        onLive(true);
      }
    } else if (message.version !== undefined && liveSince !== null) {
      onNews();
    }
  }

  function drop() {
    const former = socket;
    socket = null;
    clock.clearTimeout(timer);
    former?.close();
  }

  /** Do without this socket, and try for another one after a while. */
  function lose() {
    drop();
    const wasGood = liveSince !== null && clock.now() - liveSince >= GOOD_MILLISECONDS;
    failures = wasGood ? 1 : failures + 1;
    const pause = Math.min(1000 * 2 ** Math.min(failures, 6), LONGEST_PAUSE_MILLISECONDS);
    after(connect, pause * (0.5 + clock.random()));
    if (liveSince !== null) {
      liveSince = null;
      onLive(false);
    }
  }

  return {
    start() {
      if (!isOn) {
        isOn = true;
        failures = 0;
        connect();
      }
    },

    stop() {
      isOn = false;
      liveSince = null;
      drop();
    },

    /** Look at once whether the other end is there: the page, or the network, is back. */
    check() {
      if (isOn && liveSince !== null) {
        void join();
      } else if (isOn && socket === null) {
        connect();
      }
    },
  };
}

/** @param {unknown} data @returns {{ joined?: unknown, version?: unknown }} */
function read(data) {
  try {
    const value = typeof data === "string" ? JSON.parse(data) : null;
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
