/**
 * What the tabs of one browser tell each other: a new tab takes the session over from another one,
 * and whoever signs out, signs out in all of them.
 *
 * A refresh token goes only to a tab of this very origin that has asked for it, and lies nowhere on
 * its way: messages of a BroadcastChannel reach no other origin, and nothing keeps them.
 */

/**
 * So long a new tab waits for another one before it offers to sign in; nobody notices the wait.
 * The answer of a busy tab may come later, and a tab may still be signing in: see `onGiven`.
 */
const ANSWER_MILLISECONDS = 400;

/**
 * @param {object} parts
 * @param {BroadcastChannel} parts.channel
 * @param {() => string} parts.newId
 * @param {() => string | null} parts.share what a new tab may take over now
 * @param {() => void} parts.onSignedOut
 * @param {(refreshToken: string) => void} parts.onGiven an answer that comes after the waiting
 */
export function createTabs({ channel, newId, share, onSignedOut, onGiven }) {
  /** @type {Map<string, (refreshToken: string) => void>} */
  const asked = new Map();

  channel.addEventListener("message", ({ data }) => {
    const { kind, id, refreshToken } = Object(data);
    if (kind === "signed-out") {
      onSignedOut();
    } else if (kind === "signed-in") {
      // whoever asked before that tab had a session got no answer from it: ask again
      for (const id of asked.keys()) {
        channel.postMessage({ kind: "wanted", id });
      }
    } else if (kind === "wanted" && typeof id === "string") {
      const shared = share();
      if (shared !== null) {
        channel.postMessage({ kind: "given", id, refreshToken: shared });
      }
    } else if (kind === "given" && typeof refreshToken === "string") {
      const take = asked.get(id);
      asked.delete(id);
      take?.(refreshToken);
    }
  });

  return {
    signedOut() {
      channel.postMessage({ kind: "signed-out" });
    },

    signedIn() {
      channel.postMessage({ kind: "signed-in" });
    },

    /**
     * Ask the other tabs for their session.
     *
     * @returns {Promise<string | null>} the first answer; null where none comes
     */
    ask() {
      const id = newId();
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          asked.set(id, onGiven);
          resolve(null);
        }, ANSWER_MILLISECONDS);
        asked.set(id, (refreshToken) => {
          clearTimeout(timer);
          resolve(refreshToken);
        });
        channel.postMessage({ kind: "wanted", id });
      });
    },
  };
}
