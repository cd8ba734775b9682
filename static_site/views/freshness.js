/** How old the data is, and a banner over it when it can't be brought up to date. */

import { h, setAttribute, setText } from "../lib/dom.js";
import { BadAnswer } from "../lib/errors.js";

export function createFreshness({ format, isOffline, onTryNow }) {
  const age = h("span");
  const element = h(
    "p",
    { class: "freshness" },
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

    update(pace, now) {
      const failing = pace.error !== null;
      const seconds = pace.asOf === null ? null : Math.max((now - pace.asOf) / 1000, 0);
      setAttribute(element, "data-state", failing ? "failing" : seconds === null ? "new" : "live");
      setText(age, seconds === null ? "Loading …" : `Updated ${format.ago(seconds)}`);
      if (failing) {
        setText(what, headline(pace.error, isOffline()));
        setText(why, "What you see is the last that we know.");
        setText(when, countdown(pace.nextAt, now));
      }
      strip.hidden = !failing || seconds === null;
    },
  };
}

export function headline(error, offline) {
  if (offline) {
    return "You are offline.";
  }
  return error instanceof BadAnswer
    ? "Run Ledger sent something that this page can’t read."
    : "Run Ledger can’t be reached.";
}

function countdown(nextAt, now) {
  const seconds = nextAt === null ? 0 : Math.ceil((nextAt - now) / 1000);
  return seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again …";
}
