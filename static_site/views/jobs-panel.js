/** What stands in the place of the job list when no job can be shown, and why. */

import { BadQuery } from "../lib/errors.js";
import { isFiltered } from "../lib/route.js";
import { headline } from "./freshness.js";
import { createStatePanel } from "./state-panel.js";

/** Which panel a situation calls for; none when there are jobs, or when they are on their way. */
export function panelKind({ list, filters, error, isAskingOlder }) {
  if (error instanceof BadQuery) {
    return "refused";
  }
  if (!list.loaded) {
    return error === null ? "" : "lost";
  }
  if (list.jobs.length > 0) {
    return "";
  }
  if (list.endCursor !== null) {
    return isAskingOlder ? "looking" : "further";
  }
  return isFiltered(filters) ? "no-match" : "empty";
}

export function createJobsPanel(kind, { error, isOffline, since, onTryNow, onFurther }) {
  const clear = { label: "Clear filters", href: "#/jobs" };
  const sinceText = since === "" ? "" : ` since ${since}`;
  switch (kind) {
    case "refused":
      return createStatePanel({
        shape: "search",
        title: "This filter can’t be used",
        text: [error?.message ?? ""],
        actions: [clear],
      });
    case "lost":
      return createStatePanel({
        shape: "lost",
        title: headline(error, isOffline),
        text: ["Your jobs go on all the same. This page tries again by itself."],
        actions: [{ label: "Try now", run: onTryNow }],
      });
    case "looking":
      return createStatePanel({
        shape: "search",
        title: "Looking further back …",
        text: [`No matching job${sinceText} so far.`],
      });
    case "further":
      return createStatePanel({
        shape: "search",
        title: `No matching job${sinceText}`,
        text: ["There may be older ones."],
        actions: [
          { label: "Look further back", run: onFurther },
          { ...clear, quiet: true },
        ],
      });
    case "no-match":
      return createStatePanel({
        shape: "search",
        title: "No job matches these filters",
        text: ["New ones appear here as soon as they report."],
        actions: [clear],
      });
    case "empty":
      return createStatePanel({
        shape: "empty",
        title: "No jobs yet",
        text: ["As soon as a pipeline reports its first job, it appears here by itself."],
      });
  }
}
