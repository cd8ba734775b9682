/** One resource of the API, kept up to date under its ETag. */

/**
 * @template T
 * @param {Api} api
 * @param {string} path
 * @param {(body: unknown) => T} read
 */
export function createResource(api, path, read) {
  /** @type {string | null} */
  let etag = null;
  /** @type {T | null} */
  let data = null;
  return {
    data: () => data,

    /**
     * Ask, and return whether something has changed.
     *
     * @param {AbortSignal} signal
     * @param {Query} [query]
     */
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
