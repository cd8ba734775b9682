/** The ledger as a program sees it: it makes jobs, and sends what they report in the background. */

import { resultOf } from "./failures.js";
import { Intake, MOST_EVENTS, sleep } from "./intake.js";
import { Job } from "./job.js";

/** @typedef {import("./types.js").LedgerEvent} LedgerEvent */
/** @typedef {import("./types.js").EventResult} EventResult */

const MOST_UNSENT = 10_000;
const ROUND_SECONDS = 30; // so long one portion is tried before the ledger pauses
const PAUSE_SECONDS = 30;
const MOST_WARNINGS = 100;
// Without these an event says something else, or nothing.
const NEEDED = new Set(["job_id", "project_id", "client_id", "pipeline", "attempt", "event_id", "status", "result"]);

/** Reports to one intake: one for each program. */
export class RunLedger {
  #intake;
  #defaults;
  #intervalSeconds;
  #exitSeconds;
  #isStrict;
  #onResult;
  #onProblem;
  /** @type {Set<Job>} */
  #changed = new Set();
  /** @type {LedgerEvent[]} */
  #unsent = [];
  /** @type {Promise<void> | null} */
  #sending = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #stopped = new AbortController();
  #waking = new AbortController();
  #stats = { accepted: 0, rejected: 0, lost: 0 };
  #warnings = new Set();
  #atExit = () => {
    if (this.#unsent.length || this.#changed.size) void this.close();
  };

  /** @param {import("./types.js").RunLedgerOptions} [options] */
  constructor({ intervalSeconds = 5, exitSeconds = 10, strict = false, onResult, onProblem, ...options } = {}) {
    this.#intake = new Intake({
      ...options,
      url: options.url ?? setting("INTAKE_URL") ?? "",
      credential: options.credential ?? setting("REPORT_KEY") ?? "",
    });
    this.#defaults = {
      client_id: options.client_id ?? setting("CLIENT_ID"),
      project_id: options.project_id ?? setting("PROJECT_ID"),
      pipeline: options.pipeline ?? setting("PIPELINE"),
    };
    this.#intervalSeconds = intervalSeconds;
    this.#exitSeconds = exitSeconds;
    this.#isStrict = strict;
    this.#onResult = onResult ?? (() => {});
    this.#onProblem = onProblem ?? ((/** @type {string} */ text) => console.warn(`run-ledger: ${text}`));
    globalThis.process?.on?.("beforeExit", this.#atExit);
  }

  /**
   * @param {import("./types.js").JobFields} [fields]
   * @returns {Job}
   */
  job(fields = {}) {
    return new Job(
      {
        changed: (job) => this.#note(job),
        hurry: (job) => this.#hurry(job),
        noteMistake: (mistake) => this.#noteMistake(mistake),
      },
      { ...this.#defaults, ...fields },
    );
  }

  /**
   * @template T
   * @param {import("./types.js").JobFields} fields
   * @param {(job: Job) => T | Promise<T>} work
   * @returns {Promise<T>}
   */
  async tracked(fields, work) {
    const job = this.job(fields);
    try {
      const done = await work(job);
      job.succeed();
      return done;
    } catch (error) {
      const result = resultOf(error);
      if (result === "cancelled") job.cancel(error);
      else if (result === "timed_out") job.timeOut(error);
      else job.fail(error);
      throw error;
    } finally {
      await this.flush();
    }
  }

  /**
   * @param {readonly LedgerEvent[]} events
   * @param {import("./types.js").SendOptions} [options]
   */
  send(events, options) {
    return this.#intake.send(events, options);
  }

  /**
   * @param {number} [seconds]
   * @returns {Promise<boolean>}
   */
  async flush(seconds = this.#exitSeconds) {
    this.#collect();
    this.#wake();
    const until = performance.now() + seconds * 1_000;
    while (this.#unsent.length && this.#sending && performance.now() < until) {
      const over = new AbortController();
      await Promise.race([this.#sending, sleep((until - performance.now()) / 1_000, over.signal, false)]);
      over.abort();
      this.#collect();
    }
    return !this.#unsent.length;
  }

  /**
   * @param {number} [seconds]
   * @returns {Promise<boolean>}
   */
  async close(seconds = this.#exitSeconds) {
    globalThis.process?.removeListener?.("beforeExit", this.#atExit);
    await this.flush(seconds);
    this.#stopped.abort();
    clearTimeout(this.#timer);
    await this.#sending;
    const left = this.#unsent.splice(0);
    for (const event of left) this.#lose(event, "the ledger was closed before the intake took it");
    return !left.length;
  }

  stats() {
    return { ...this.#stats, waiting: this.#unsent.length };
  }

  /** @param {Job} job */
  #note(job) {
    this.#changed.add(job);
    if (this.#timer !== undefined || this.#stopped.signal.aborted) return;
    this.#timer = setTimeout(() => this.#collect(), this.#intervalSeconds * 1_000);
    /** @type {any} */ (this.#timer).unref?.();
  }

  /** @param {Job} job */
  #hurry(job) {
    this.#changed.add(job);
    // What the program does in the same turn goes into the same body.
    queueMicrotask(() => this.#collect());
  }

  /** Make events of what is new, and see that they are sent. */
  #collect() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const job of this.#changed) {
      this.#changed.delete(job);
      for (const event of job.takeEvents()) {
        if (this.#stopped.signal.aborted) this.#lose(event, "the ledger is closed");
        else if (this.#unsent.length < MOST_UNSENT) this.#unsent.push(event);
        else this.#lose(event, `${MOST_UNSENT} events are waiting already`);
      }
    }
    if (this.#unsent.length) this.#sending ??= this.#sendAll().finally(() => (this.#sending = null));
  }

  async #sendAll() {
    const { signal } = this.#stopped;
    while (this.#unsent.length && !signal.aborted) {
      const events = this.#unsent.slice(0, MOST_EVENTS);
      const results = await this.#intake.send(events, { seconds: ROUND_SECONDS, signal, isBackground: true });
      const kept = events.flatMap((event, place) => this.#settled(event, results[place]));
      this.#unsent.splice(0, events.length, ...kept);
      const refusal = results.find(({ status }) => status === "retry");
      if (!refusal || signal.aborted) continue;
      this.#problem(`${refusal.error?.message}; events wait, and are sent again under the same ids`);
      this.#waking = new AbortController();
      await sleep(PAUSE_SECONDS, this.#waking.signal, true);
    }
  }

  #wake() {
    this.#waking.abort();
  }

  /**
   * Tell what became of an event; return the event that is to be sent again, if there is one.
   *
   * @param {LedgerEvent} event
   * @param {EventResult} result
   * @returns {LedgerEvent[]}
   */
  #settled(event, result) {
    const { status } = result;
    if (status === "retry") return [event];
    if (status === "rejected") {
      const { field = "", message = "" } = result.error ?? {};
      this.#problem(`${message || field} (event ${result.event_id})`);
      const mended = withoutField(event, field);
      if (mended) return [mended];
    }
    this.#stats[status] += 1;
    this.#tell({ ...result, status }, event);
    return [];
  }

  /**
   * @param {LedgerEvent} event
   * @param {string} message
   */
  #lose(event, message) {
    this.#stats.lost += 1;
    this.#problem(`an event is lost: ${message}`);
    const error = { reason: "lost", field: "event", message };
    this.#tell({ event_id: String(event.detail.event_id), status: "lost", error }, event);
  }

  /**
   * @param {import("./types.js").FinalResult} result
   * @param {LedgerEvent} event
   */
  #tell(result, event) {
    try {
      this.#onResult(result, event);
    } catch (error) {
      this.#problem(`onResult failed: ${error}`);
    }
  }

  /** @param {unknown} mistake */
  #noteMistake(mistake) {
    if (this.#isStrict) throw mistake;
    this.#problem(mistake instanceof Error ? mistake.message : String(mistake));
  }

  /**
   * Tell a problem once, as one that lasts would fill a log.
   *
   * @param {string} text
   */
  #problem(text) {
    if (this.#warnings.has(text) || this.#warnings.size >= MOST_WARNINGS) return;
    this.#warnings.add(text);
    try {
      this.#onProblem(text);
    } catch (error) {
      console.warn(`run-ledger: ${text} (onProblem failed: ${error})`);
    }
  }
}

/**
 * Return a job's event without the optional field that breaks the contract, so that a wrong tag
 * costs no job its end; null where the field is needed. The ledger has nothing of the event yet, so
 * it keeps its id.
 *
 * @param {LedgerEvent} event
 * @param {string} path such as `detail.tags.colour`
 * @returns {LedgerEvent | null}
 */
function withoutField({ detail_type, detail }, path) {
  const [, name, inner] = /^detail\.(\w+)(?:\.(.*))?$/s.exec(path) ?? [];
  if (!name || NEEDED.has(name) || !Object.hasOwn(detail, name)) return null;
  const value = detail[name];
  const rest = { ...detail };
  delete rest[name];
  if (inner !== undefined && name === "tags" && typeof value === "object" && value && Object.hasOwn(value, inner)) {
    const kept = Object.fromEntries(Object.entries(value).filter(([key]) => key !== inner));
    return { detail_type, detail: { ...rest, [name]: kept } };
  }
  return { detail_type, detail: rest };
}

/**
 * @param {string} name
 * @returns {string | undefined}
 */
function setting(name) {
  return globalThis.process?.env?.[`RUN_LEDGER_${name}`] || undefined;
}
