/** The proof, which goes on hour by hour: it is asked for again after five minutes. */

import { readProof } from "../lib/view-shapes.js";
import { createResource } from "./resource.js";

const PAUSE = 300_000;

/** @param {Api} api @param {() => number} now */
export function createProofFeed(api, now) {
  const feed = createResource(api, "/proof", readProof);
  let due = 0;
  let isKnown = false;
  return {
    /** null where the API does not tell */
    data: () => (isKnown ? feed.data() : null),

    /**
     * Ask for the proof if it is time; that it can't be had hides no figure.
     *
     * @param {AbortSignal} signal
     */
    async ask(signal) {
      if (now() < due) {
        return;
      }
      try {
        await feed.ask(signal);
        isKnown = true;
      } catch {
        signal.throwIfAborted();
        isKnown = false;
      }
      due = now() + PAUSE;
    },
  };
}
