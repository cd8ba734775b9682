/** One part of a job's page: a heading and what it is about; not there when it has nothing. */

import { h } from "../lib/dom.js";

/**
 * @param {string} name
 * @param {string} title
 * @param {...Node} children
 */
export function createCard(name, title, ...children) {
  const id = `${name}-title`;
  return h(
    "section",
    { class: `card card--${name}`, "aria-labelledby": id },
    h("h2", { id }, title),
    ...children,
  );
}
