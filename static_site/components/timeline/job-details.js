/** What stands below a job's summary: its time, its parts, its configuration and its history. */

import { errorText } from "../../lib/counters.js";
import { h, setAttribute } from "../../lib/dom.js";
import { listHash } from "../../lib/route.js";
import { createJobHistory } from "../job/job-history.js";
import { createJobConfiguration } from "./job-configuration.js";
import { createJobTimes } from "./job-times.js";

/**
 * @param {Context} context
 * @param {() => void} onMore asks for earlier events
 */
export function createJobDetails(context, onMore) {
  const tools = { format: context.format, now: context.clock.now };
  const times = createJobTimes(tools);
  const configuration = createJobConfiguration(context);
  const history = createJobHistory({ ...tools, onMore });
  const compare = h("a", {}, "Compare with another job");
  return {
    element: h(
      "div",
      { class: "job-body__parts" },
      h("p", {}, compare),
      ...times.elements,
      configuration.element,
      history.element,
    ),

    /** Begin with another job, whose events may have the same ids. */
    reset() {
      times.reset();
      history.update([], { hasMore: false, isAsking: false, note: "", errors: [] });
    },

    /**
     * @param {Job} job
     * @param {Listed<Entry>} entries the newest first
     * @param {Listed<Job>} parts what the job has started
     * @param {{ isAsking: boolean, note: string }} state
     */
    update(job, entries, parts, state) {
      setAttribute(compare, "href", listHash("compare", { one: job.job_id }));
      times.update(job, entries, parts);
      configuration.update(job);
      const errors = [job.error, ...job.attempts.map((attempt) => attempt.error)];
      const texts = errors.flatMap((error) => (error === null ? [] : errorText(error)));
      history.update(entries.items, { ...state, hasMore: entries.hasMore, errors: texts });
    },
  };
}
