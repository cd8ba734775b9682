/** What is to be said where the id of a job was used for more than one run. */

import { h, setText } from "../../lib/dom.js";
import { createCard } from "../page/card.js";

/** @param {Tools} tools */
export function createJobRestart({ format, now }) {
  const text = h("p");
  return {
    element: createCard("restarted", "This job id was used again", text),

    /** @param {Job} job */
    update(job) {
      setText(text, restartText(job, (at) => format.time(at, now())));
    },
  };
}

/**
 * Say that a job's id was used for more than one run; "" where it was not.
 *
 * @param {Pick<Job, "restarted_at" | "attempts">} job
 * @param {(at: string) => string} timeText
 */
export function restartText({ restarted_at: at, attempts }, timeText) {
  const end = attempts.find((attempt) => attempt.first_ended_at)?.first_ended_at;
  return at === null
    ? ""
    : `A run of this job had ended${end ? ` at ${timeText(end)}` : ""}, and another was running at ` +
        `${timeText(at)}. Counters and times are of both: give each run its own id, or a higher ` +
        "attempt.";
}
