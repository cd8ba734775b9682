/** The line that says how far the figures are proved. */

import { createResource } from "../../feeds/resource.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { exactUtc } from "../../lib/format.js";
import { proofWords, readProof } from "../../lib/proof.js";

/** The proof goes on hour by hour: it is asked for again after five minutes. */
const PAUSE = 300_000;

/** @param {{ api: Api, format: Format, now: () => number }} tools */
export function createProofLine({ api, format, now }) {
  const feed = createResource(api, "/proof", readProof);
  const element = h("p", { class: "verdict__proof" });
  let due = 0;
  let isKnown = false;
  return {
    element,

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

    update() {
      const proof = isKnown ? feed.data() : null;
      const { text, isTrouble } = proofWords(proof, now(), format);
      setText(element, text);
      setAttribute(element, "data-trouble", isTrouble ? "true" : null);
      const at = proof?.proved_to ?? null;
      const rows = proof?.rows_proved_to ?? null;
      const totals = rows === null ? "" : `, their totals until ${exactUtc(rows)}`;
      setAttribute(
        element,
        "title",
        at === null ? null : `Jobs were recounted from their events until ${exactUtc(at)}${totals}.`,
      );
    },
  };
}
