/** One attempt at a job: it gathers what is new, and makes events of it when it is asked to. */

import { randomUUID } from "node:crypto";

import { errorDocument } from "./failures.js";
import { Counters } from "./sums.js";

/** @typedef {import("./types.js").JobFields} JobFields */
/** @typedef {import("./types.js").LedgerEvent} LedgerEvent */
/** @typedef {import("./types.js").FailureOptions} FailureOptions */
/** @typedef {"succeeded" | "partial" | "failed" | "cancelled" | "timed_out"} Result */
/**
 * What a job needs of its ledger.
 *
 * @typedef {object} Reporter
 * @property {(job: Job) => void} changed the job has something new, to be sent in a while
 * @property {(job: Job) => void} hurry the job has something new, to be sent at once
 * @property {(error: unknown) => void} noteMistake a call was wrong, and was left out
 */

const DEFAULT_HEARTBEAT = 900; // seconds, as the contract has it
const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds; a longer one ends at once
const SIGNS_PER_HEARTBEAT = 3; // of a job that is kept alive and has nothing else to tell
const IDENTITY = /** @type {const} */ (["job_id", "project_id", "client_id", "pipeline", "attempt"]);
const DESCRIBED = new Set(["name", "tags", "log_url", "heartbeat_seconds"]);

/** A job that runs; `ledger.job(…)` makes it. */
export class Job {
  #reporter;
  /** @type {Record<string, unknown>} */
  #identity;
  #counters = new Counters();
  /** @type {Record<string, unknown>} what is new of the fields of which the latest value shows */
  #latest;
  #isNew = true;
  #startedAt;
  #lastTime = 0;
  #mustShow = false;
  #wasTaken = false;
  /** @type {{ result: Result, error?: import("./types.js").ErrorDocument } | null} */
  #end = null;
  #isEndTaken = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {Reporter} reporter
   * @param {JobFields} fields
   */
  constructor(reporter, { keepAlive = false, ...fields }) {
    this.#reporter = reporter;
    const known = { ...fields, job_id: fields.job_id ?? randomUUID() };
    this.#identity = Object.fromEntries(IDENTITY.map((name) => [name, known[name]]));
    this.#latest = Object.fromEntries(
      Object.entries(known).filter(([name, value]) => !(name in this.#identity) && value !== undefined),
    );
    this.#startedAt = this.#time();
    reporter.hurry(this);
    if (keepAlive) this.#keepAlive(fields.heartbeat_seconds ?? DEFAULT_HEARTBEAT);
  }

  /** The job's id: the one that it was given, or one of its own. */
  get job_id() {
    return String(this.#identity.job_id);
  }

  /** The attempt's number, from 1. */
  get attempt() {
    return Number(this.#identity.attempt ?? 1);
  }

  /**
   * @param {Record<string, number | bigint>} deltas
   * @param {{ model?: string }} [options]
   */
  add(deltas, { model } = {}) {
    for (const [name, delta] of Object.entries(deltas)) {
      try {
        this.#counters.add(name, delta, model);
      } catch (mistake) {
        this.#reporter.noteMistake(mistake);
      }
    }
    this.#reporter.changed(this);
  }

  /** @param {string} text */
  stage(text) {
    this.#set("stage", text);
  }

  /** @param {number} records */
  total(records) {
    this.#set("records_total", records);
  }

  /** @param {import("./types.js").Description} fields */
  describe(fields) {
    for (const [name, value] of Object.entries(fields)) {
      if (DESCRIBED.has(name)) this.#set(name, value);
      else this.#reporter.noteMistake(new TypeError(`${name}: not known; allowed: ${[...DESCRIBED].join(", ")}`));
    }
  }

  heartbeat() {
    this.#mustShow = true;
    this.#reporter.changed(this);
  }

  succeed() {
    this.#finish("succeeded");
  }

  /**
   * @param {unknown} error
   * @param {FailureOptions} [options]
   */
  fail(error, options) {
    this.#finish("failed", error, options);
  }

  /**
   * @param {unknown} [error]
   * @param {FailureOptions} [options]
   */
  partial(error, options) {
    this.#finish("partial", error, options);
  }

  /**
   * @param {unknown} [error]
   * @param {FailureOptions} [options]
   */
  cancel(error, options) {
    this.#finish("cancelled", error, options);
  }

  /**
   * @param {unknown} [error]
   * @param {FailureOptions} [options]
   */
  timeOut(error, options) {
    this.#finish("timed_out", error, options);
  }

  /**
   * Return what is new as events, the start first and the end last. For the ledger alone.
   *
   * @returns {LedgerEvent[]}
   */
  takeEvents() {
    /** @type {Record<string, unknown>[]} */
    const details = this.#counters.take();
    const first = { ...this.#latest, ...(this.#isNew && { status: "running" }) };
    if (Object.keys(first).length || (this.#mustShow && !details.length)) {
      details[0] = { ...first, ...details[0] };
    }
    if (this.#end && !this.#isEndTaken) {
      details.push({ status: "completed", ...this.#end });
      this.#isEndTaken = true;
    }
    const times = details.map((_, place) => (this.#isNew && !place ? this.#startedAt : this.#time()));
    this.#latest = {};
    this.#isNew = this.#mustShow = false;
    this.#wasTaken ||= details.length > 0;
    return details.map((detail, place) => ({
      detail_type: "job_update",
      detail: { event_id: randomUUID(), ...this.#identity, occurred_at: times[place], ...detail },
    }));
  }

  /**
   * @param {string} field
   * @param {unknown} value
   */
  #set(field, value) {
    this.#latest[field] = value;
    this.#reporter.changed(this);
  }

  /**
   * End the job; the first call counts.
   *
   * @param {Result} result
   * @param {unknown} [error]
   * @param {FailureOptions} [options]
   */
  #finish(result, error, options) {
    if (this.#end) return;
    clearInterval(this.#timer);
    this.#end = { result, ...(error !== undefined && { error: errorDocument(error, options) }) };
    this.#reporter.hurry(this);
  }

  /** @param {number} heartbeat seconds */
  #keepAlive(heartbeat) {
    const beat = () => {
      if (!this.#wasTaken) this.heartbeat();
      this.#wasTaken = false;
    };
    const seconds = Number.isSafeInteger(heartbeat) && heartbeat > 0 ? heartbeat : DEFAULT_HEARTBEAT;
    this.#timer = setInterval(beat, Math.min((seconds * 1_000) / SIGNS_PER_HEARTBEAT, LONGEST_TIMER));
    /** @type {any} */ (this.#timer).unref?.();
  }

  /** Return the present time, but at least one microsecond more than the one before. */
  #time() {
    this.#lastTime = Math.max(Date.now() * 1_000, this.#lastTime + 1);
    const seconds = new Date(Math.floor(this.#lastTime / 1_000)).toISOString().slice(0, 19);
    return `${seconds}.${String(this.#lastTime % 1_000_000).padStart(6, "0")}Z`;
  }
}
