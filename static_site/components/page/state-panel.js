/** A panel that takes the place of data that is not there. */

import { drawing, h } from "../../lib/dom.js";

/** @type {Readonly<Record<string, string[]>>} */
const PICTURES = Object.freeze({
  empty: ["M2.5 4.5h11M2.5 8h11M2.5 11.5h6"],
  search: ["M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z", "m10.4 10.4 3.1 3.1"],
  lost: ["M2.5 6.2a8.5 8.5 0 0 1 11 0M4.8 8.8a5 5 0 0 1 6.4 0M8 12v.1", "m2.5 13.5 11-11"],
  door: ["M6.5 2.5h6v11h-6", "M2.5 8h6.5M6.8 5.6 9.2 8l-2.4 2.4"],
  lock: ["M3.5 7.5h9v6h-9z", "M5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2"],
});

/** @param {Panel} panel */
export function createStatePanel({ shape, title, text, actions = [], heading = "h2" }) {
  return h(
    "div",
    { class: "state-panel" },
    h("div", { class: "state-panel__picture" }, drawing("state-panel__shape", PICTURES[shape])),
    h(heading, { tabindex: -1 }, title),
    ...text.map((paragraph) => h("p", {}, paragraph)),
    actions.length === 0
      ? null
      : h("div", { class: "state-panel__actions" }, ...actions.map(actionElement)),
  );
}

/** @param {Action} action */
function actionElement({ label, run, href, quiet = false }) {
  const className = quiet ? "button button--quiet" : "button";
  return href === undefined
    ? h("button", { class: className, type: "button", onclick: () => run?.() }, label)
    : h("a", { class: className, href }, label);
}
