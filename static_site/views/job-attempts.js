/** A job's attempts, the latest first. */

import { bdi, h, keyedList, setText } from "../lib/dom.js";
import { outcomeOf } from "../lib/words.js";
import { createCard } from "./job-card.js";
import { createStatusBadge } from "./status-badge.js";
import { createTimeText } from "./time-text.js";

/** @typedef {import("../lib/shapes.js").Attempt} Attempt */

/**
 * @param {object} parts
 * @param {import("../lib/format.js").Format} parts.format
 * @param {() => number} parts.now
 */
export function createJobAttempts({ format, now }) {
  const list = h("ol", { class: "attempts", reversed: true });
  const element = createCard("attempts", "Attempts", list);
  const rows = keyedList(list, {
    keyOf: (/** @type {Attempt} */ attempt) => String(attempt.attempt),
    make: () => createAttempt({ format, now }),
  });
  return {
    element,

    /** @param {import("../lib/shapes.js").Job} job */
    update(job) {
      rows.update([...job.attempts].sort((a, b) => b.attempt - a.attempt));
      element.hidden = job.attempts.length < 2;
    },
  };
}

/**
 * @param {object} parts
 * @param {import("../lib/format.js").Format} parts.format
 * @param {() => number} parts.now
 */
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

    /** @param {Attempt} attempt */
    update(attempt) {
      setText(name, `Attempt ${format.number(attempt.attempt)}`);
      badge.update(outcomeOf(attempt));
      started.update(attempt.started_at, now());
      const seconds = attempt.duration_seconds;
      setText(took, seconds === null ? "" : ` · took ${format.duration(seconds)}`);
      setText(
        error,
        attempt.error === null ? "" : `${attempt.error.type}: ${attempt.error.message}`,
      );
    },
  };
}
