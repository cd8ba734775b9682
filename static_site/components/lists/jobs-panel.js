/** What stands in place of a list of jobs that is empty. */

import { createStatePanel } from "../page/state-panel.js";

const TRIED_AGAIN =
  "A job with a new attempt is no longer listed under the error of the attempt before.";

/**
 * @param {"looking" | "further" | "no-match" | "empty"} kind
 * @param {{ since: string, isOfError: boolean, range: string, anyTime: string, onFurther: () => void }} parts
 */
export function createJobsPanel(kind, { since, isOfError, range, anyTime, onFurther }) {
  const clear = { label: "Clear filters", href: "#/jobs" };
  const more = isOfError ? [TRIED_AGAIN] : [];
  /** @type {Record<typeof kind, Pick<Panel, "title" | "text" | "actions"> & Partial<Panel>>} */
  const kinds = {
    looking: { title: "Looking further back …", text: [`Jobs${since} are looked through.`] },
    further: {
      title: `No matching job${since}`,
      text: ["There may be older ones.", ...more],
      actions: [{ label: "Look further back", run: onFurther }, { ...clear, quiet: true }],
    },
    "no-match": {
      title: "No job matches these filters",
      text: [
        range === ""
          ? "New ones appear here as soon as they report."
          : `You asked for jobs ${range}: there is none. Other times may have some.`,
        ...more,
      ],
      actions:
        range === "" ? [clear] : [{ label: "Show jobs of any time", href: anyTime }, { ...clear, quiet: true }],
    },
    empty: {
      shape: "empty",
      title: "No jobs yet",
      text: ["As soon as a pipeline reports its first job, it appears here by itself."],
    },
  };
  return createStatePanel({ shape: "search", ...kinds[kind] });
}
