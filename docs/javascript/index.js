/** Report jobs to Run Ledger over HTTPS: README.md says how. */

export { Intake } from "./intake.js";
export { Job } from "./job.js";
export { RunLedger } from "./ledger.js";
