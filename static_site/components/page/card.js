/** A card with a title. */

import { h } from "../../lib/dom.js";

export function createCard(name, title, ...children) {
  const id = `${name}-title`;
  return h(
    "section",
    { class: `card card--${name}`, "aria-labelledby": id },
    h("h2", { id }, title),
    ...children,
  );
}
