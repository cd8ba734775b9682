/** How old the data is, and a banner while the API can't be reached. */

import { NEVER } from "../../feeds/polling.js";
import { h, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { BadAnswer } from "../../lib/problems.js";

/**
 * @param {object} parts
 * @param {Format} parts.format
 * @param {() => boolean} parts.isLive whether the ledger tells of changes at once
 * @param {() => boolean} parts.isOffline
 * @param {() => void} parts.onTryNow
 */
export function createFreshness({ format, isLive, isOffline, onTryNow }) {
  const age = h("span");
  const element = h(
    "p",
    { class: "freshness grows-left" },
    h("span", { class: "freshness__dot", "aria-hidden": "true" }),
    age,
  );
  const what = h("strong");
  const why = h("span");
  const when = h("span", { class: "banner__when", "aria-hidden": "true" });
  const strip = h(
    "div",
    { class: "banner", hidden: true },
    h("p", {}, what, " ", why, " ", when),
    h("button", { class: "button button--small", type: "button", onclick: onTryNow }, "Try now"),
  );
  const banner = h("div", { role: "status" }, strip);

  return {
    element,
    banner,

    /**
     * @param {Pace | null} pace null when nothing is asked for
     * @param {number} now
     */
    update(pace, now) {
      setHidden(element, pace === null);
      const { asOf, error, nextAt } = pace ?? NEVER;
      const failing = error !== null;
      const seconds = asOf === null ? null : Math.max((now - asOf) / 1000, 0);
      setAttribute(element, "data-state", failing ? "failing" : seconds === null ? "new" : "live");
      const none = failing ? "No data yet" : "Loading …";
      const lead = isLive() && !failing ? "Live. Updated" : "Updated";
      setText(age, seconds === null ? none : `${lead} ${format.ago(seconds)}`);
      if (failing) {
        setText(what, headline(error, isOffline()));
        setText(why, "What you see is the last that we know.");
        setText(when, countdown(nextAt, now, format));
      }
      setHidden(strip, !failing || seconds === null);
    },
  };
}

/** @param {unknown} error @param {boolean} offline */
export function headline(error, offline) {
  if (offline) {
    return "You are offline.";
  }
  return error instanceof BadAnswer
    ? "Run Ledger sent something that this page can’t read."
    : "Run Ledger can’t be reached.";
}

/** @param {string} title @param {() => void} run @returns {Panel} */
export function troublePanel(title, run) {
  return {
    shape: "lost",
    title,
    text: ["Your jobs go on all the same. This page tries again by itself."],
    actions: [{ label: "Try now", run }],
  };
}

/** @param {number | null} nextAt @param {number} now @param {Format} format */
function countdown(nextAt, now, format) {
  const seconds = nextAt === null ? 0 : Math.ceil((nextAt - now) / 1000);
  return seconds > 0 ? `Trying again in ${format.number(seconds)} s.` : "Trying again …";
}
