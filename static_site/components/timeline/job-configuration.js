/** The configuration of a job's client, compared with the time when the job began. */

import { h, setHidden, setText } from "../../lib/dom.js";
import { isEnd } from "../../lib/problems.js";
import { readConfiguration } from "../../lib/shapes.js";
import { countOf } from "../../lib/words.js";
import { createFacts } from "../figures/facts.js";
import { createCard } from "../page/card.js";
import { valueThen } from "./spans.js";

/** @param {Context} context */
export function createJobConfiguration({ api, format, clock, onEnded }) {
  const facts = createFacts("facts");
  const note = h("p", { class: "quiet", role: "status" });
  const details = h("details", {}, h("summary", {}, "Show it"), facts.element, note);
  const element = createCard("configuration", "Configuration at the time", details);
  /** @type {Job | null} */
  let job = null;
  let asked = "";

  async function ask() {
    if (!details.open || job === null || asked === job.job_id) {
      return;
    }
    const mine = job;
    asked = mine.job_id;
    setText(note, "Loading …");
    try {
      const path = `/clients/${encodeURIComponent(mine.client_id)}/config`;
      const known = readConfiguration((await api.get(path)).body);
      if (job === mine || job?.job_id === mine.job_id) {
        show(known, mine);
      }
    } catch (error) {
      asked = "";
      if (isEnd(error)) {
        onEnded(error);
      }
      setText(note, "The configuration could not be fetched. Fold this up and open it to try again.");
    }
  }

  /** @param {Configuration} known @param {Job} of */
  function show({ parameters, secrets_omitted: secrets }, of) {
    const now = clock.now();
    facts.update(
      parameters.map((one) => ({ label: one.name, text: valueThen(one, of, format, now) })),
    );
    const hidden = secrets === 0 ? "" : ` ${countOf(secrets, "secret is", "secrets are", format)} not shown.`;
    setText(
      note,
      parameters.length === 0
        ? `No parameter is set now.${hidden}`
        : `Parameters that were removed since the job began are not listed.${hidden}`,
    );
    setHidden(note, false);
  }

  details.addEventListener("toggle", () => void ask());
  return {
    element,

    /** @param {Job} next */
    update(next) {
      const isOther = job?.job_id !== next.job_id;
      job = next;
      if (isOther) {
        details.open = false;
        facts.update([]);
        asked = "";
      }
    },
  };
}
