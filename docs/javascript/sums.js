/**
 * Sums of a job's counters, exact at any size.
 *
 * JavaScript's numbers are exact up to 2^53 - 1 only, so sums are kept as BigInt. An event carries a
 * delta of at most 2^53 either way; what is beyond goes into the next event.
 */

const MOST = 2n ** 53n;
const MOST_NAMES_PER_EVENT = 24;
const MOST_MODELS_PER_EVENT = 8;
const MOST_NAMES = 240;
const NAME = /^[a-z][a-z0-9_]{0,39}$/;

/** @typedef {Map<string, bigint>} Sums what was added under each name and not yet taken */
/** @typedef {{ delta?: Record<string, number>, delta_by_model?: Record<string, Record<string, number>> }} Portion */

/** What was added to a job and is not in an event yet. */
export class Counters {
  /** @type {Sums} */
  #sums = new Map();
  /** @type {Map<string, Sums>} */
  #byModel = new Map();
  #names = new Set();

  get isEmpty() {
    return !this.#sums.size && !this.#byModel.size;
  }

  /**
   * Add one delta; throw a TypeError that names the field where the contract forbids it.
   *
   * @param {string} name
   * @param {unknown} delta an integer: a number up to 2^53 - 1, or a BigInt up to 2^53, either way
   * @param {string | undefined} model the language model that it is about, if any
   */
  add(name, delta, model) {
    if (!NAME.test(name)) throw refusal(`delta.${name}`, delta, "a name [a-z][a-z0-9_]{0,39}");
    if (!isWhole(delta)) {
      throw refusal(`delta.${name}`, delta, "a whole number that is exact, or a BigInt of at most 2^53");
    }
    this.#names.add(name);
    if (this.#names.size > MOST_NAMES) {
      this.#names.delete(name);
      throw refusal(`delta.${name}`, delta, `at most ${MOST_NAMES} names a job`);
    }
    const sums = model ? this.#sumsOf(model) : this.#sums;
    sums.set(name, (sums.get(name) ?? 0n) + BigInt(delta));
  }

  /**
   * Take what was added, as the fields of as few events as can hold it.
   *
   * @returns {Portion[]}
   */
  take() {
    const deltas = takenOf(this.#sums);
    /** @type {Record<string, Record<string, number>>[]} */
    const places = [];
    for (const [model, sums] of this.#byModel) {
      for (const delta of takenOf(sums)) {
        let place = places.find((one) => !Object.hasOwn(one, model) && Object.keys(one).length < MOST_MODELS_PER_EVENT);
        if (!place) places.push((place = Object.create(null)));
        /** @type {Record<string, Record<string, number>>} */ (place)[model] = delta;
      }
      if (!sums.size) this.#byModel.delete(model);
    }
    return Array.from({ length: Math.max(deltas.length, places.length) }, (_, place) => ({
      ...(deltas[place] && { delta: deltas[place] }),
      ...(places[place] && { delta_by_model: places[place] }),
    }));
  }

  /** @param {string} model */
  #sumsOf(model) {
    const sums = this.#byModel.get(model) ?? new Map();
    this.#byModel.set(model, sums);
    return sums;
  }
}

/**
 * Take the sums, in parts that each fit into an event; beyond 2^53 a sum comes in several.
 *
 * @param {Sums} sums
 */
function takenOf(sums) {
  /** @type {Record<string, number>[]} */
  const parts = [];
  while (sums.size) {
    /** @type {Record<string, number>} */
    const part = {};
    for (const [name, sum] of [...sums].slice(0, MOST_NAMES_PER_EVENT)) {
      const now = sum > MOST ? MOST : sum < -MOST ? -MOST : sum;
      if (now === sum) sums.delete(name);
      else sums.set(name, sum - now);
      if (now) part[name] = Number(now); // exact: no more than 2^53 either way
    }
    if (Object.keys(part).length) parts.push(part);
  }
  return parts;
}

/**
 * @param {unknown} delta
 * @returns {delta is number | bigint}
 */
function isWhole(delta) {
  if (typeof delta === "bigint") return -MOST <= delta && delta <= MOST;
  return Number.isSafeInteger(delta);
}

/**
 * @param {string} field
 * @param {unknown} got
 * @param {string} allowed
 */
function refusal(field, got, allowed) {
  return new TypeError(`${field}: got ${String(got).slice(0, 100)}; allowed: ${allowed}`);
}
