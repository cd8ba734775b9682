/** A drawing of a job's time: attempts, their stages and parts on one axis. Tables say the same. */

import { h, setChildren, svg } from "../../lib/dom.js";
import { OUTCOMES } from "../../lib/outcomes.js";
import { jobHash } from "../../lib/route.js";
import { countOf, titleOf } from "../../lib/words.js";
import { attemptsOf, lanesOf, outcomeOfAttempt, spanOf, stagesOf, ticksOf } from "./spans.js";

/** Heights in pixels. */
const LABEL = 18;
const BAR = 14;
const STAGE = 20;
const GAP = 8;
const ALL_LANES = 160;
const WIDEST_LANE = 12;
const AXIS = 20;
/** What takes no time is seen, too; in hundredths of the width. */
const LEAST = 0.4;
const SHORTEST = 1_000;

/** @param {Format} format */
export function createTimeDrawing(format) {
  const element = h("div", {
    class: "time-drawing",
    onclick(/** @type {MouseEvent} */ { target }) {
      const jobId = target instanceof Element ? target.getAttribute("data-part") : null;
      if (jobId !== null) {
        window.location.hash = jobHash(jobId);
      }
    },
  });
  let shown = "";
  return {
    element,

    /**
     * @param {Job} job
     * @param {Entry[]} entries
     * @param {Job[]} parts
     * @param {number} now
     */
    update(job, entries, parts, now) {
      const plan = planOf(job, entries, parts, now);
      const wanted = JSON.stringify(plan);
      if (wanted !== shown) {
        shown = wanted;
        setChildren(element, plan === null ? [] : [pictureOf(plan, format)]);
      }
      return plan !== null;
    },
  };
}

/**
 * Return what there is to draw; null where nothing has started.
 *
 * @param {Job} job
 * @param {Entry[]} entries
 * @param {Job[]} parts
 * @param {number} now
 */
function planOf(job, entries, parts, now) {
  const attempts = attemptsOf(job).flatMap((attempt) => {
    const span = spanOf(attempt, now);
    const stages = stagesOf(attempt, entries, now);
    const firstEnd = attempt.first_ended_at === null ? null : Date.parse(attempt.first_ended_at);
    const outcome = outcomeOfAttempt(attempt, job);
    return span === null ? [] : [{ number: attempt.attempt, outcome, stages, firstEnd, ...span }];
  });
  const lanes = lanesOf(parts, now);
  const restart = job.restarted_at === null ? null : Math.min(Date.parse(job.restarted_at), now);
  const spans = [...attempts, ...attempts.flatMap(({ stages }) => stages), ...lanes.placed];
  if (spans.length === 0) {
    return null;
  }
  const begin = spans.reduce((least, one) => Math.min(least, one.begin), Infinity);
  const last = spans.reduce((most, one) => Math.max(most, one.end), restart ?? -Infinity);
  const drawn = lanes.placed.map((one) => ({ ...one, job: one.job.job_id, title: titleOf(one.job) }));
  const end = Math.max(last, begin + SHORTEST);
  return { attempts, parts: drawn, lanes: lanes.count, restart, begin, end };
}

/** @param {NonNullable<ReturnType<typeof planOf>>} plan @param {Format} format */
function pictureOf({ attempts, parts, lanes, restart, begin, end }, format) {
  /** @param {number} at */
  const share = (at) => Math.min(Math.max(((at - begin) / (end - begin)) * 100, 0), 100);
  /** @param {number} at */
  const x = (at) => `${share(at)}%`;
  /** @param {Span} span @param {number} y @param {number} height @param {Record<string, unknown>} more */
  const bar = (span, y, height, more) =>
    svg("rect", {
      x: `${Math.min(share(span.begin), 100 - LEAST)}%`,
      y,
      width: `${Math.max(share(span.end) - share(span.begin), LEAST)}%`,
      height,
      ...more,
    });
  /** @param {string} text @param {Record<string, unknown>} place */
  const words = (text, place) => {
    const element = svg("text", place);
    element.textContent = text;
    return element;
  };
  /** @type {Element[]} */
  const marks = [];
  let y = 0;
  for (const { number, outcome, stages, firstEnd, ...span } of attempts) {
    const name = `Attempt ${format.number(number)} · ${OUTCOMES[outcome].label}`;
    marks.push(words(name, { x: 0, y: y + 13, class: "time-drawing__label" }));
    y += LABEL;
    marks.push(bar(span, y, BAR, { "data-outcome": outcome }));
    if (firstEnd !== null) {
      marks.push(svg("line", { x1: x(firstEnd), x2: x(firstEnd), y1: y - 3, y2: y + BAR + 3, class: "time-drawing__mark" }));
    }
    y += BAR;
    for (const stage of stages) {
      const place = { x: x(stage.begin), y: y + 2, width: `${share(stage.end) - share(stage.begin)}%` };
      // its text ends with it
      const part = svg("svg", { ...place, height: STAGE - 2 });
      part.append(
        svg("rect", { width: "100%", height: "100%", class: "time-drawing__stage" }),
        words(stage.name, { x: 4, y: 13, class: "time-drawing__name" }),
        titleElement(`${stage.name}: ${format.duration((stage.end - stage.begin) / 1000)}`),
      );
      marks.push(part);
    }
    y += STAGE + GAP; // with room for stages that are told later
  }
  if (parts.length > 0) {
    const total = countOf(parts.length, "part", "parts", format);
    marks.push(words(total, { x: 0, y: y + 13, class: "time-drawing__label" }));
    y += LABEL;
    // in few steps, so that a part more seldom moves what stands below
    const room = Math.min(2 ** Math.ceil(Math.log2(Math.max(lanes, 8))) * WIDEST_LANE, ALL_LANES);
    const height = Math.min(room / lanes, WIDEST_LANE);
    for (const { job, title, outcome, lane, ...span } of parts) {
      const thick = Math.max(height - (height > 3 ? 1 : 0), 0.5);
      const part = bar(span, y + lane * height, thick, { "data-outcome": outcome, "data-part": job });
      part.append(titleElement(`${title}: ${OUTCOMES[outcome].label}`));
      marks.push(part);
    }
    y += room + GAP;
  }
  const grid = ticksOf(end - begin).flatMap((tick) => {
    const at = begin + tick;
    const anchor = share(at) > 85 ? "end" : tick === 0 ? "start" : "middle";
    const text = tick === 0 ? "0" : format.duration(tick / 1000);
    return [
      svg("line", { x1: x(at), x2: x(at), y1: 0, y2: y, class: "time-drawing__grid" }),
      words(text, { x: x(at), y: y + 14, "text-anchor": anchor, class: "time-drawing__label" }),
    ];
  });
  if (restart !== null) {
    marks.push(svg("line", { x1: x(restart), x2: x(restart), y1: 0, y2: y, class: "time-drawing__mark" }));
  }
  const label =
    `${countOf(attempts.length, "attempt", "attempts", format)} and ` +
    `${countOf(parts.length, "part", "parts", format)} over ${format.duration((end - begin) / 1000)}; ` +
    "the tables below say when each began and how long it took";
  const picture = svg("svg", { role: "img", "aria-label": label, height: y + AXIS });
  picture.append(...grid, ...marks);
  return picture;
}

/** @param {string} text */
function titleElement(text) {
  const title = svg("title", {});
  title.textContent = text;
  return title;
}
