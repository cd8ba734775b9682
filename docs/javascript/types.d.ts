/** The types of the package. Names of fields are those of the contract, docs/contract.md. */

/** An event as the intake takes it. */
export interface LedgerEvent {
  detail_type: "job_update" | "project_update" | (string & {});
  detail: Record<string, any>;
}

export interface ErrorDocument {
  type: string;
  message: string;
  fingerprint?: string;
}

/** Why an event was not taken: `field` is its path, such as `detail.delta.records_ok`. */
export interface EventError {
  reason: string;
  field: string;
  message: string;
}

/**
 * What became of an event. "retry": it was not taken for the moment; send it again with this
 * `event_id`. Of what the intake did not answer, `error.field` is "request".
 */
export interface EventResult {
  event_id: string | null;
  status: "accepted" | "rejected" | "retry";
  error: EventError | null;
}

/** "lost": the program ended, or too much was waiting, before the intake took the event. */
export interface FinalResult {
  event_id: string | null;
  status: "accepted" | "rejected" | "lost";
  error: EventError | null;
}

export interface IntakeOptions {
  /** The intake's address, https; http for this machine alone. */
  url: string;
  /** A report key, an access token, or a function that returns one; it is asked at each request. */
  credential: string | (() => string | Promise<string>);
  /** How long one request may take, in seconds (15). */
  requestSeconds?: number;
  /** Instead of the program's own `fetch`. */
  fetch?: typeof globalThis.fetch;
}

export interface SendOptions {
  /** How long to go on trying, in seconds (60). */
  seconds?: number;
  /** Stops trying. */
  signal?: AbortSignal;
  /** Whether waiting keeps the program from ending by itself (it does, if this is not true). */
  isBackground?: boolean;
}

/** One intake: it sends events, and gives a result for each, in their order. */
export class Intake {
  constructor(options: IntakeOptions);
  send(events: readonly LedgerEvent[], options?: SendOptions): Promise<EventResult[]>;
}

export interface Description {
  name?: string;
  tags?: Record<string, string>;
  log_url?: string;
  /** After so many seconds without an event, a running job is shown as stalled (900). */
  heartbeat_seconds?: number;
}

/**
 * How a pipeline should run: `cron` (with `timezone`) or `every`, how late a run may begin (`grace`),
 * how long a job may run. `{}` takes back what was said. See docs/contract.md.
 */
export interface Expect {
  /** The event's own project, if it is about its runs in this one alone. */
  project?: string;
  cron?: string;
  timezone?: string;
  every?: string;
  grace?: string;
  max_duration?: string;
}

export interface JobFields extends Description {
  client_id?: string;
  project_id?: string;
  pipeline?: string;
  /** The same for every attempt at the same work; absent: one that nobody else has. */
  job_id?: string;
  /** From 1. */
  attempt?: number;
  parent_job_id?: string;
  records_total?: number;
  stage?: string;
  /** How its pipeline should run from now on. */
  expect?: Expect;
  /** Show that the job runs also while it has nothing to report. */
  keepAlive?: boolean;
}

export interface FailureOptions {
  /** Replaces the exception's own type. */
  type?: string;
  /** Errors with the same one form an error group. */
  fingerprint?: string;
}

/**
 * One attempt at a job. No method waits, and none throws but for mistakes in calls where the ledger
 * is strict. Of several ends, the first counts.
 */
export class Job {
  private constructor();
  readonly job_id: string;
  readonly attempt: number;
  /** Add to the counters: whole numbers that are exact, or BigInts up to 2^53, either way. */
  add(deltas: Record<string, number | bigint>, options?: { model?: string }): void;
  /** Report what the job is doing now. */
  stage(text: string): void;
  /** Report how many records there are. */
  total(records: number): void;
  describe(fields: Description): void;
  /** Show that the job still runs. */
  heartbeat(): void;
  succeed(): void;
  fail(error: unknown, options?: FailureOptions): void;
  partial(error?: unknown, options?: FailureOptions): void;
  cancel(error?: unknown, options?: FailureOptions): void;
  timeOut(error?: unknown, options?: FailureOptions): void;
}

export interface RunLedgerOptions extends Partial<IntakeOptions> {
  client_id?: string;
  project_id?: string;
  pipeline?: string;
  /** How often counters are sent, in seconds (5). */
  intervalSeconds?: number;
  /** How long the end of a program, a tracked job or a flush waits for the intake, in seconds (10). */
  exitSeconds?: number;
  /** Throw where a call is wrong, instead of telling `onProblem`; for tests. */
  strict?: boolean;
  /** Is told what became of each event of a job, once. */
  onResult?: (result: FinalResult, event: LedgerEvent) => void;
  /** Is told each problem once; else `console.warn` is. */
  onProblem?: (text: string) => void;
}

export class RunLedger {
  /**
   * Without options, RUN_LEDGER_INTAKE_URL, RUN_LEDGER_REPORT_KEY, RUN_LEDGER_CLIENT_ID,
   * RUN_LEDGER_PROJECT_ID and RUN_LEDGER_PIPELINE of the environment count.
   */
  constructor(options?: RunLedgerOptions);
  /** Begin a job; end it by `succeed`, `fail` or another of these. */
  job(fields?: JobFields): Job;
  /** Do *work* as a job: it ends as the work does, and is sent before this returns. */
  tracked<T>(fields: JobFields, work: (job: Job) => T | Promise<T>): Promise<T>;
  /** Send events of your own making, and return a result for each. */
  send(events: readonly LedgerEvent[], options?: SendOptions): Promise<EventResult[]>;
  /** Send what there is, and return whether the intake has answered for all of it in time. */
  flush(seconds?: number): Promise<boolean>;
  /** Send what there is, and give up the rest; return whether there was no rest. */
  close(seconds?: number): Promise<boolean>;
  /** How many events are accepted, rejected, lost, and waiting. */
  stats(): { accepted: number; rejected: number; lost: number; waiting: number };
}
