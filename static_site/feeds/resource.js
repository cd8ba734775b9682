/** One resource of the API, kept up to date under its ETag. */

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
