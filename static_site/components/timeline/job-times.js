/** The time of a job: its pace, a drawing, and the same as tables of attempts, stages and parts. */

import { errorText } from "../../lib/counters.js";
import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { FAILURES, outcomeOf } from "../../lib/outcomes.js";
import { jobHash, listHash } from "../../lib/route.js";
import { countOf, titleOf, tookText } from "../../lib/words.js";
import { createTimeText } from "../figures/time-text.js";
import { createStatusBadge } from "../job/job-state.js";
import { createCard } from "../page/card.js";
import { attemptsOf, outcomeOfAttempt, paceOf, stagesOf } from "./spans.js";
import { createTimeDrawing } from "./time-drawing.js";

/** A table of more parts is folded up until somebody wants it. */
const FEW_PARTS = 20;
/** So many stages are listed, the newest ones; the drawing has all that are known. */
const MOST_STAGES = 20;

/** @param {Tools} tools */
export function createJobTimes({ format, now }) {
  const pace = h("p", { class: "job-times__pace" });
  const drawing = createTimeDrawing(format);
  const cut = h(
    "p",
    { class: "quiet" },
    `Stages are those of the events that are loaded below, at most the newest ${MOST_STAGES}.`,
  );
  const attempts = createTimeTable("Attempts and stages", { format, now });
  const times = createCard("times", "Time", pace, drawing.element, attempts.element, cut);

  const parts = createTimeTable("Parts", { format, now });
  const summary = h("summary");
  const folded = h("details", {}, summary, parts.element);
  const all = h("a", {}, "Show them in the list of jobs");
  const children = createCard("children", "Parts of this job", folded, all);
  /** @type {TimeRow[]} */
  let partRows = [];
  let isFirst = true;
  const updateParts = () => parts.update(folded.open ? partRows : []);
  folded.addEventListener("toggle", updateParts);

  return {
    elements: [times, children],

    /** Begin with another job. */
    reset() {
      isFirst = true;
    },

    /**
     * @param {Job} job
     * @param {Listed<Entry>} history
     * @param {Listed<Job>} started what the job has started
     */
    update(job, history, started) {
      const known = paceOf(job, history.items, now());
      const isOpen = job.status === "running" && !job.stalled;
      const unknown = isOpen ? "How fast it is can be told after two events with records." : "";
      setText(pace, known === null ? unknown : paceText(known, format, now()));
      setHidden(pace, pace.textContent === "");
      const isDrawn = drawing.update(job, history.items, started.items, now());
      const rows = rowsOf(job, history.items, format, now());
      attempts.update(rows);
      setHidden(cut, !history.hasMore && rows.filter((row) => row.isStage).length < MOST_STAGES);
      setHidden(times, !isDrawn && job.attempts.length < 2);

      const failed = started.items.filter((one) => FAILURES.includes(outcomeOf(one))).length;
      const total = countOf(started.items.length, "job", "jobs", format);
      const more = started.hasMore ? "The newest " : "";
      setText(summary, `${more}${total}, ${failed === 0 ? "none" : format.number(failed)} failed`);
      if (isFirst) {
        isFirst = false;
        folded.open = started.items.length <= FEW_PARTS;
      }
      partRows = started.items.map(partRow);
      updateParts();
      setAttribute(all, "href", listHash("jobs", { parent_job_id: job.job_id }));
      setHidden(children, started.items.length === 0);
    },
  };
}

/** @param {NonNullable<ReturnType<typeof paceOf>>} pace @param {Format} format @param {number} now */
function paceText({ perSecond, endsAt }, format, now) {
  const [count, unit] = perSecond < 1 ? [perSecond * 60, "minute"] : [perSecond, "second"];
  const shown = count < 10 ? Math.round(count * 10) / 10 : Math.round(count);
  const end = endsAt === null ? "" : `; at this rate it ends at ${format.minutes(endsAt, now)}`;
  return `About ${format.number(shown)} records a ${unit}${end}.`;
}

/**
 * @param {Job} job
 * @param {Entry[]} entries
 * @param {Format} format
 * @param {number} now
 * @returns {TimeRow[]}
 */
function rowsOf(job, entries, format, now) {
  /** @type {Set<string>} what is written out already: a message stands once on a page */
  const told = new Set(job.error === null ? [] : [errorText(job.error)]);
  const attempts = attemptsOf(job);
  const rows = attempts.map((attempt) => {
    const text = attempt.error === null ? "" : errorText(attempt.error);
    const note = told.has(text) ? (attempt.error?.type ?? "") : text;
    told.add(text);
    return {
      key: `${attempt.attempt}`,
      name: `Attempt ${format.number(attempt.attempt)}`,
      outcome: outcomeOfAttempt(attempt, job),
      times: attempt,
      note,
    };
  });
  const stages = attempts.flatMap((attempt) =>
    stagesOf(attempt, entries, now)
      .reverse()
      .map(({ name, begin, end }, at) => ({
        key: `${attempt.attempt} ${begin}`,
        name,
        isStage: true,
        times: {
          status: attempt.status === "running" && at === 0 ? "running" : "completed",
          started_at: new Date(begin).toISOString(),
          duration_seconds: (end - begin) / 1000,
        },
        note: attempts.length > 1 ? `attempt ${format.number(attempt.attempt)}` : "",
      })),
  );
  return [...rows, ...stages.slice(0, MOST_STAGES)];
}

/** @param {Job} job @returns {TimeRow} */
function partRow(job) {
  return {
    key: job.job_id,
    name: titleOf(job),
    href: jobHash(job.job_id),
    outcome: outcomeOf(job),
    times: job,
    note: job.error?.type ?? "",
  };
}

/** @param {string} caption @param {Tools} tools */
function createTimeTable(caption, tools) {
  const body = h("tbody", { role: "rowgroup" });
  const rows = keyedList(body, {
    keyOf: (/** @type {TimeRow} */ row) => `${row.key}\n${row.href === undefined}`,
    make: (row) => createTimeRow(row, tools),
  });
  const heads = ["What", "Started", "Took"].map((name) =>
    h("th", { role: "columnheader", scope: "col" }, name),
  );
  const element = h(
    "table",
    { class: "time-table", role: "table" },
    h("caption", { class: "unseen" }, caption),
    h("thead", { class: "unseen", role: "rowgroup" }, h("tr", { role: "row" }, ...heads)),
    body,
  );
  return { element, update: rows.update };
}

/** @param {TimeRow} first @param {Tools} tools @returns {Part<TimeRow>} */
function createTimeRow(first, { format, now }) {
  const badge = first.outcome === undefined ? null : createStatusBadge();
  const name = bdi("");
  const link = first.href === undefined ? null : h("a", { href: first.href }, name);
  const note = bdi("", "time-table__note");
  const started = createTimeText(format);
  const took = h("td", { class: "time-table__took", role: "cell" });
  const element = h(
    "tr",
    { class: first.isStage ? "is-stage" : null, role: "row" },
    h(
      "th",
      { role: "rowheader", scope: "row" },
      h("span", { class: "time-table__name" }, link ?? name, badge && badge.element),
      note,
    ),
    h("td", { role: "cell" }, started.element),
    took,
  );
  return {
    element,

    update(row) {
      setText(name, row.name);
      badge?.update(row.outcome ?? "unknown");
      setText(note, row.note);
      setHidden(note, row.note === "");
      started.update(row.times.started_at, now());
      setText(took, tookText(row.times, now(), format));
    },
  };
}
