/** Error groups with how many jobs failed so, a line each. */

import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { listHash } from "../../lib/route.js";
import { countOf, errorName } from "../../lib/words.js";
import { createCard } from "../page/card.js";

/** @param {Format} format */
export function createErrorLines(format) {
  const element = h("ul", { class: "error-lines" });
  let since = "";
  const lines = keyedList(element, {
    keyOf: (/** @type {ErrorGroup} */ group) => group.fingerprint,
    make: () => createLine(format, () => since),
  });
  const when = h("p", { class: "quiet" });
  const none = h("p", { class: "quiet" }, "No job has failed or timed out.");
  const rest = h("a", { href: "#/errors" });
  const more = h("p", {}, rest);
  return {
    element: createCard("error-groups", "Error groups", when, element, none, more),

    /** @param {Overview["errors"]} errors */
    update({ since: from, groups, more: others }) {
      since = from ?? "";
      setText(when, `Jobs that failed since ${from === null ? "then" : `${format.utcDay(from)} (UTC)`}`);
      setHidden(when, groups.length === 0);
      setHidden(none, groups.length > 0);
      setHidden(more, others === 0);
      setText(rest, `and ${countOf(others, "more error group", "more error groups", format)}`);
      lines.update(groups);
    },
  };
}

/** @param {Format} format @param {() => string} since @returns {Part<ErrorGroup>} */
function createLine(format, since) {
  const count = h("a", { class: "error-lines__count" });
  const mark = h("span", { class: "error-lines__new" }, "New");
  const type = bdi("");
  const message = bdi("", "error-lines__message");
  return {
    element: h("li", {}, count, h("div", {}, mark, type, message)),

    update({ fingerprint, jobs, type: name, message: text, is_new: isNew }) {
      setText(count, countOf(jobs, "job", "jobs", format));
      setAttribute(count, "href", listHash("jobs", { fingerprint, ended_from: since() }));
      setHidden(mark, !isNew);
      setAttribute(mark, "title", "No job failed so in the 30 days before");
      setText(type, name === null ? "No reason given" : errorName(name));
      setText(message, text ?? "");
    },
  };
}
