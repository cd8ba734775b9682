/**
 * The intake over HTTPS: it sends events in bodies that the intake takes, waits where it is told to,
 * and gives an answer for each event.
 */

import { randomUUID } from "node:crypto";

/** @typedef {import("./types.js").LedgerEvent} LedgerEvent */
/** @typedef {import("./types.js").EventResult} EventResult */
/** @typedef {{ place: number, eventId: string | null, text: string, bytes: number }} Waiting */
/** @typedef {{ results: EventResult[], pause: number | null, isHopeless: boolean }} Answered */

export const MOST_EVENTS = 100;
const MOST_BYTES = 3_500_000; // of a body; the intake takes 4,000,000
const FIRST_PAUSE = 0.5; // seconds
const LONGEST_PAUSE = 30;
const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds; a longer one ends at once
const WITHOUT_TLS = new Set(["localhost", "127.0.0.1", "[::1]"]);
const MOST_NUMBER = 2n ** 53n;
// Whoever asks again after one of these may well be answered otherwise.
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
const encoder = new TextEncoder();

/** One intake, and the credential that it is shown. */
export class Intake {
  #address;
  #credential;
  #fetch;
  #requestSeconds;

  /** @param {import("./types.js").IntakeOptions} options */
  constructor({ url, credential, requestSeconds = 15, fetch = globalThis.fetch }) {
    this.#address = `${checkedUrl(url)}/events`;
    if (!credential || !["string", "function"].includes(typeof credential)) {
      throw new TypeError("credential: missing; allowed: a report key, an access token, or a function that returns one");
    }
    this.#credential = credential;
    this.#fetch = fetch;
    this.#requestSeconds = requestSeconds;
  }

  /**
   * Send events, and return a result for each, in their order. It throws nothing for trouble on the
   * way: an event that was not taken in time has the status "retry" and the id to send it again with.
   *
   * @param {readonly LedgerEvent[]} events
   * @param {import("./types.js").SendOptions} [options]
   * @returns {Promise<EventResult[]>}
   */
  async send(events, { seconds = 60, signal, isBackground = false } = {}) {
    if (!Array.isArray(events)) throw new TypeError("events: allowed: an array of { detail_type, detail }");
    const until = performance.now() + seconds * 1_000;
    /** @type {EventResult[]} */
    const results = [];
    let waiting = events.flatMap((event, place) => {
      const written = writtenEvent(event, place);
      if ("text" in written) return [written];
      results[place] = written;
      return [];
    });
    for (const one of waiting) results[one.place] = notTaken(one, "not_sent", "it was not sent in the time that was allowed");
    for (let failures = 0; waiting.length; ) {
      const portion = firstPortion(waiting);
      const answered = await this.#post(portion, until, signal);
      portion.forEach(({ place }, number) => (results[place] = answered.results[number]));
      const again = portion.filter(({ place }) => results[place].status === "retry");
      waiting = [...again, ...waiting.slice(portion.length)];
      failures = again.length ? failures + 1 : 0;
      if (!failures) continue;
      const pause = answered.pause ?? backoff(failures);
      if (answered.isHopeless || signal?.aborted || performance.now() + pause * 1_000 > until) break;
      await sleep(pause, signal, isBackground);
    }
    return results;
  }

  /**
   * Send one body.
   *
   * @param {Waiting[]} portion
   * @param {number} until
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<Answered>}
   */
  async #post(portion, until, signal) {
    const milliseconds = Math.max(1, Math.min(this.#requestSeconds * 1_000, until - performance.now()));
    const { stop, done } = stopping(milliseconds, signal);
    try {
      const credential = typeof this.#credential === "function" ? await this.#credential() : this.#credential;
      const response = await this.#fetch(this.#address, {
        method: "POST",
        // A line an event: one that can't be read spoils no other.
        headers: { authorization: `Bearer ${credential}`, "content-type": "application/x-ndjson" },
        body: portion.map(({ text }) => text).join("\n"),
        redirect: "manual", // the credential is for this address alone
        signal: stop,
      });
      return answerOf(response.status, response.headers.get("retry-after"), await response.text(), portion);
    } catch (error) {
      // Whether it was taken isn't known. Sent again with the same ids, it counts once.
      return allToRetry(portion, "unreachable", `the intake did not answer: ${reasonOf(error)}`);
    } finally {
      done();
    }
  }
}

/**
 * @param {number} status
 * @param {string | null} retryAfter
 * @param {string} text
 * @param {Waiting[]} portion
 * @returns {Answered}
 */
function answerOf(status, retryAfter, text, portion) {
  const document = parsed(text);
  const pause = pauseOf(retryAfter);
  if (status === 202 || status === 207) {
    const results = document?.results;
    if (Array.isArray(results) && results.length === portion.length && results.every(isResult)) {
      return { results, pause, isHopeless: false };
    }
    return allToRetry(portion, "unreadable_answer", "the intake's answer can't be read", pause);
  }
  const told = typeof document?.detail === "string" ? `: ${document.detail}` : "";
  const isHopeless = !PASSING.has(status);
  return allToRetry(portion, `http_${status}`, `the intake answered ${status}${told}`, pause, isHopeless);
}

/** @param {any} one */
function isResult(one) {
  return ["accepted", "rejected", "retry"].includes(one?.status);
}

/**
 * @param {Waiting[]} portion
 * @param {string} reason
 * @param {string} message
 * @param {number | null} [pause]
 * @param {boolean} [isHopeless]
 * @returns {Answered}
 */
function allToRetry(portion, reason, message, pause = null, isHopeless = false) {
  return { results: portion.map((one) => notTaken(one, reason, message)), pause, isHopeless };
}

/**
 * @param {Waiting} one
 * @param {string} reason
 * @param {string} message
 * @returns {EventResult}
 */
function notTaken({ eventId }, reason, message) {
  return { event_id: eventId, status: "retry", error: { reason, field: "request", message } };
}

/**
 * Return an event as its line of a body, with an id of its own if it had none; or, where it can't be
 * written, its result.
 *
 * @param {LedgerEvent} event
 * @param {number} place
 * @returns {Waiting | EventResult}
 */
function writtenEvent(event, place) {
  const { detail_type, detail } = event ?? {};
  const isObject = typeof detail === "object" && detail !== null && !Array.isArray(detail);
  const id = isObject ? (detail.event_id ?? randomUUID()) : null;
  const sent = isObject ? { ...detail, event_id: id } : detail;
  const eventId = typeof id === "string" ? id : null;
  try {
    const text = JSON.stringify({ detail_type, detail: sent }, exactly);
    const bytes = encoder.encode(text).length;
    if (bytes <= MOST_BYTES) return { place, eventId, text, bytes };
    return refused(eventId, "too_large", `it has ${bytes} bytes; allowed: a detail of at most 65536`);
  } catch (error) {
    return refused(eventId, "bad_json", reasonOf(error));
  }
}

/**
 * @param {string | null} eventId
 * @param {string} reason
 * @param {string} message
 * @returns {EventResult}
 */
function refused(eventId, reason, message) {
  return { event_id: eventId, status: "rejected", error: { reason, field: "detail", message } };
}

/**
 * Write a BigInt as a number, which it is exactly within the contract's bounds.
 *
 * @param {string} name
 * @param {unknown} value
 */
function exactly(name, value) {
  if (typeof value !== "bigint") return value;
  if (-MOST_NUMBER <= value && value <= MOST_NUMBER) return Number(value);
  throw new RangeError(`${name}: got ${value}; allowed: an integer from -2^53 to 2^53`);
}

/** @param {Waiting[]} waiting */
function firstPortion(waiting) {
  let bytes = 0;
  const end = waiting.findIndex((one, number) => number === MOST_EVENTS || (number && (bytes += one.bytes + 1) > MOST_BYTES));
  return end < 0 ? waiting : waiting.slice(0, end);
}

/** @param {string} url */
function checkedUrl(url) {
  const parts = tried(() => new URL(url));
  const isSafe = parts?.protocol === "https:" || (parts?.protocol === "http:" && WITHOUT_TLS.has(parts.hostname));
  if (!parts || !isSafe) {
    throw new TypeError(`url: got ${String(url).slice(0, 100)}; allowed: the intake's https address (http on this machine alone)`);
  }
  return url.replace(/\/+$/, "");
}

/**
 * @template T
 * @param {() => T} call
 */
function tried(call) {
  try {
    return call();
  } catch {
    return null;
  }
}

/**
 * @param {string} text
 * @returns {any}
 */
function parsed(text) {
  return tried(() => JSON.parse(text));
}

/**
 * Return the seconds that a Retry-After asks for, as a number or a date; null for none.
 *
 * @param {string | null} header
 */
function pauseOf(header) {
  if (!header?.trim()) return null;
  const seconds = Number(header);
  const until = Number.isNaN(seconds) ? (Date.parse(header) - Date.now()) / 1_000 : seconds;
  return Number.isNaN(until) ? null : Math.max(0, until);
}

/** @param {number} failures how many there were in a row, from 1 */
function backoff(failures) {
  const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
  return longest * (0.5 + Math.random() / 2);
}

/** @param {unknown} error */
function reasonOf(error) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/**
 * Return a signal that stops a request after a time, or when *signal* does (Node 18 has no
 * AbortSignal.any).
 *
 * @param {number} milliseconds
 * @param {AbortSignal | undefined} signal
 */
function stopping(milliseconds, signal) {
  const controller = new AbortController();
  const stop = () => controller.abort(new Error("it took too long"));
  const timer = setTimeout(stop, milliseconds);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  const done = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  };
  return { stop: controller.signal, done };
}

/**
 * Wait so many seconds, or until *signal* aborts; in the background the wait keeps no program alive.
 *
 * @param {number} seconds
 * @param {AbortSignal | undefined} signal
 * @param {boolean} isBackground
 * @returns {Promise<void>}
 */
export function sleep(seconds, signal, isBackground) {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, Math.min(seconds * 1_000, LONGEST_TIMER));
    if (isBackground) /** @type {any} */ (timer).unref?.();
    signal?.addEventListener("abort", finish, { once: true });
    if (signal?.aborted) finish();
  });
}
