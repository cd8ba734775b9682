/** What the description says in words: paragraphs, with code and strong words in them. */

import { h } from "../../lib/dom.js";

/** @param {string} text */
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) =>
    part.startsWith("`") && part.length > 2
      ? h("code", { class: "mono" }, part.slice(1, -1))
      : part.startsWith("**") && part.length > 4
        ? h("strong", {}, part.slice(2, -2))
        : part,
  );
}

/**
 * Return the paragraphs of a text.
 *
 * @param {string} text
 */
export function paragraphs(text) {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => h("p", { class: "reference__prose" }, ...inline(paragraph)));
}
