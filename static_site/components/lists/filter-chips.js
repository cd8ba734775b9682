/** The filters of a list that a link has set. */

import { bdi, drawing, h, setAttribute, setHidden, setText } from "../../lib/dom.js";
import { endedText, failureText } from "../../lib/words.js";

const CROSS = ["m5 5 6 6M11 5l-6 6"];

const LINKED = Object.freeze([
  {
    names: ["ended_from", "ended_to"],
    label: "Ended",
    textOf: ({ filters, timeText }) => endedText(filters, timeText),
  },
  {
    // The last, as its text may change when the jobs come: nothing stands behind it to be moved.
    names: ["fingerprint"],
    label: "Error",
    textOf: ({ filters, jobs }) => failureText(filters.fingerprint, jobs),
    titleOf: ({ filters }) => filters.fingerprint,
  },
]);

export function createFilterChips({ format, now, onChange }) {
  let filters = {};
  const chips = LINKED.map((kind) => createChip(kind, () => onChange(without(filters, kind.names))));
  const element = h(
    "ul",
    { class: "filter-chips", "aria-label": "Filters that a link has set", hidden: true },
    ...chips.map((chip) => chip.element),
  );
  return {
    element,

    /** Show what is in force; the jobs that are there tell what an error is called. */
    update(next, jobs) {
      filters = next;
      const timeText = (at) => format.time(at, now());
      const shown = chips.map((chip) => chip.update({ filters, jobs, timeText }));
      setHidden(element, !shown.includes(true));
    },
  };
}

function createChip({ label, textOf, titleOf = () => null }, onRemove) {
  const text = bdi("", "filter-chip__text");
  const button = h(
    "button",
    { class: "filter-chip", type: "button", onclick: onRemove },
    h("span", {}, `${label} `),
    text,
    drawing("filter-chip__cross", CROSS),
    h("span", { class: "unseen" }, ", remove this filter"),
  );
  const element = h("li", {}, button);
  return {
    element,
    update(situation) {
      const words = textOf(situation);
      setText(text, words);
      setAttribute(button, "title", titleOf(situation) || null);
      setHidden(element, words === "");
      return words !== "";
    },
  };
}

function without(filters, names) {
  return { ...filters, ...Object.fromEntries(names.map((name) => [name, ""])) };
}
