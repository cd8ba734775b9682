/** The attempts of a job, the newest first. */

import { bdi, h, keyedList, setHidden, setText } from "../../lib/dom.js";
import { outcomeOf } from "../../lib/outcomes.js";
import { tookText } from "../../lib/words.js";
import { createTimeText } from "../figures/time-text.js";
import { createCard } from "../page/card.js";
import { createStatusBadge } from "./status-badge.js";

/** @param {Tools} tools */
export function createJobAttempts({ format, now }) {
  const list = h("ol", { class: "attempts", reversed: true });
  const element = createCard("attempts", "Attempts", list);
  const rows = keyedList(list, {
    keyOf: (/** @type {Attempt} */ attempt) => String(attempt.attempt),
    make: () => createAttempt({ format, now }),
  });
  return {
    element,

    /** @param {Job} job */
    update(job) {
      rows.update([...job.attempts].sort((a, b) => b.attempt - a.attempt));
      setHidden(element, job.attempts.length < 2);
    },
  };
}

/** @param {Tools} tools @returns {Part<Attempt>} */
function createAttempt({ format, now }) {
  const name = h("strong");
  const badge = createStatusBadge();
  const started = createTimeText(format);
  const took = h("span");
  const error = bdi("", "attempts__error");
  const element = h(
    "li",
    {},
    h("div", { class: "attempts__head" }, name, badge.element),
    h("p", { class: "attempts__when" }, started.element, took),
    error,
  );
  return {
    element,

    update(attempt) {
      setText(name, `Attempt ${format.number(attempt.attempt)}`);
      badge.update(outcomeOf(attempt));
      started.update(attempt.started_at, now());
      const isTimed = attempt.started_at !== null || attempt.status === "superseded";
      setText(took, isTimed ? ` · ${tookText(attempt, now(), format)}` : "");
      setText(
        error,
        attempt.error === null ? "" : `${attempt.error.type}: ${attempt.error.message}`,
      );
    },
  };
}
