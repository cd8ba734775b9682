/**
 * What a job can be: the one place for the words, the shapes and the order of states and results.
 *
 * The colours are in design/tokens.css, under the same names.
 */

const CIRCLE = "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z";

/** @type {Readonly<Record<string, Outcome>>} */
export const OUTCOMES = Object.freeze({
  queued: { label: "Queued", shape: [CIRCLE] },
  running: { label: "Running", shape: ["M8 2a6 6 0 1 1-6 6"] },
  stalled: { label: "Stalled", shape: [CIRCLE, "M6.4 5.8v4.4M9.6 5.8v4.4"] },
  succeeded: { label: "Succeeded", shape: [CIRCLE, "m5.4 8.2 1.9 1.9 3.4-3.9"], isResult: true },
  partial: { label: "Partial", shape: [CIRCLE, "M8 2v12M8 5h5M8 8h6M8 11h5"], isResult: true },
  failed: {
    label: "Failed",
    shape: [CIRCLE, "m5.9 5.9 4.2 4.2M10.1 5.9l-4.2 4.2"],
    isResult: true,
    isFailure: true,
  },
  cancelled: { label: "Cancelled", shape: [CIRCLE, "m3.9 12.1 8.2-8.2"], isResult: true },
  timed_out: {
    label: "Timed out",
    shape: [CIRCLE, "M8 4.8V8l2.2 1.6"],
    isResult: true,
    isFailure: true,
  },
  superseded: { label: "Superseded", shape: [CIRCLE, "M5 8h5.6M8.4 5.6 10.8 8l-2.4 2.4"] },
  unknown: {
    label: "Unknown",
    shape: [CIRCLE, "M6.4 6.4a1.6 1.6 0 1 1 2.4 1.4c-.6.4-.8.6-.8 1.2M8 11.2v.1"],
  },
});

const names = Object.keys(OUTCOMES);
export const RESULTS = Object.freeze(names.filter((name) => OUTCOMES[name].isResult));
export const FAILURES = Object.freeze(names.filter((name) => OUTCOMES[name].isFailure));
/** The results that a project's progress counts as done, as the API does. */
export const DONE = Object.freeze(["succeeded", "partial"]);

/**
 * Return the name in OUTCOMES that a status and a result come to.
 *
 * @param {{ status: string, result: string | null, stalled?: boolean }} state
 */
export function outcomeOf({ status, result, stalled = false }) {
  const name =
    status === "completed" ? result : status === "running" && stalled ? "stalled" : status;
  return name !== null && Object.hasOwn(OUTCOMES, name) ? name : "unknown";
}
