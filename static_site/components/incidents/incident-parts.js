/** What both views of incidents show. Its stylesheet is that of both: two small ones are sent uncompressed. */

import { h, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { jobsHash, jobsText } from "./incident-words.js";

/**
 * How many jobs an incident is about: a link to just these, where a list has them.
 *
 * @param {Format} format
 * @returns {Part<Incident>}
 */
export function createJobsOf(format) {
  const link = h("a", {});
  const plain = h("span");
  return {
    element: h("span", {}, link, plain),

    update(incident) {
      const hash = jobsHash(incident);
      setAttribute(link, "href", hash);
      for (const [part, isShown] of /** @type {[Element, boolean][]} */ ([[link, hash !== null], [plain, hash === null]])) {
        setText(part, jobsText(incident, format));
        setHidden(part, !isShown);
      }
    },
  };
}
