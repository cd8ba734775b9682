/** The filters of a list that a link has set, as buttons that remove them. */

import { bdi, drawing, h, setAttribute, setHidden, setText } from "../../lib/dom.js";

const CROSS = ["m5 5 6 6M11 5l-6 6"];

/**
 * @param {object} parts
 * @param {Readonly<Record<string, Filter>>} parts.filters
 * @param {Format} parts.format
 * @param {() => number} parts.now
 * @param {(filters: Filters) => void} parts.onChange
 */
export function createFilterChips({ filters, format, now, onChange }) {
  /** @type {Filters} */
  let chosen = {};
  const kinds = new Set(Object.values(filters).flatMap(({ chip }) => chip ?? []));
  const chips = [...kinds].map((kind) => ({
    kind,
    ...createChip(kind.label, () => onChange(without(chosen, kind.names))),
  }));
  const element = h(
    "ul",
    { class: "filter-chips", "aria-label": "Filters that a link has set", hidden: true },
    ...chips.map((chip) => chip.element),
  );
  return {
    element,

    /**
     * Show what is in force.
     *
     * @param {Filters} next
     * @param {Job[]} jobs those in sight, which tell what an error is called
     */
    update(next, jobs) {
      chosen = next;
      const texts = chips.map(({ kind, update }) => {
        const text = kind.textOf(chosen, jobs, (at) => format.time(at, now()));
        update(text, kind.titleOf?.(chosen) ?? "");
        return text;
      });
      setHidden(element, texts.every((text) => text === ""));
    },
  };
}

/** @param {string} label @param {() => void} onRemove */
function createChip(label, onRemove) {
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

    /**
     * @param {string} words "" when the filter isn't set
     * @param {string} title
     */
    update(words, title) {
      setText(text, words);
      setAttribute(button, "title", title || null);
      setHidden(element, words === "");
    },
  };
}

/** @param {Filters} filters @param {string[]} names */
function without(filters, names) {
  return { ...filters, ...Object.fromEntries(names.map((name) => [name, ""])) };
}
