/** Small things that several unit tests are made of. */

/**
 * @param {string} jobId
 * @param {string} createdAt
 * @param {object} [fields]
 */
export function job(jobId, createdAt, fields = {}) {
  return { job_id: jobId, created_at: createdAt, status: "completed", stalled: false, ...fields };
}

/** A sessionStorage that is a map. */
export function memoryStorage() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    kept,
  };
}

/** A clock that goes on only when it is told to. */
export function manualClock() {
  let now = 0;
  let last = 0;
  const timers = new Map();
  return {
    now: () => now,
    random: () => 0.5,
    setTimeout(callback, milliseconds) {
      last += 1;
      timers.set(last, { at: now + milliseconds, callback });
      return last;
    },
    clearTimeout: (handle) => void timers.delete(handle),
    waiting: () => [...timers.values()].map(({ at }) => at - now),
    async advance(milliseconds) {
      now += milliseconds;
      for (const [handle, { at, callback }] of timers) {
        if (at <= now) {
          timers.delete(handle);
          callback();
        }
      }
      await settled();
    },
  };
}

/** Let everything that waits for nothing but its turn have it. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
