/** The filters of a list that have a field. */

import { h, setChildren, setHidden } from "../../lib/dom.js";
import { isFiltered, withFilter } from "../../lib/route.js";

const TYPING_MILLISECONDS = 400;

/**
 * `fields` are `{ name, label, kind, any, choices, more }`: kind `text`, `select` or `date`; those
 * with `more` are folded away until wanted.
 */
export function createFilterForm({ label, fields, onChange }) {
  let filters = {};
  const choose = (name, value) => {
    const next = withFilter(filters, name, value);
    if (next[name] !== filters[name]) {
      filters = next; // the next choice may come before the address has changed
      onChange(next);
    }
  };
  const controls = fields.map((field) => ({ field, ...KINDS[field.kind](field, choose) }));
  const box = ({ field, element }) =>
    h("div", { class: "field" }, h("label", { for: `filter-${field.name}` }, field.label), element);
  const of = (isMore) => controls.filter(({ field }) => Boolean(field.more) === isMore).map(box);
  const folded = of(true);
  const more = h(
    "details",
    { class: "filters__more" },
    h("summary", {}, "More filters"),
    h("div", { class: "filters" }, ...folded),
  );
  const clear = h(
    "button",
    { class: "button button--quiet", type: "button", onclick: () => onChange({}) },
    "Clear filters",
  );
  const element = h(
    "form",
    { class: "filter-form", role: "search", "aria-label": label },
    h("div", { class: "filters" }, ...of(false), clear),
    folded.length === 0 ? null : more,
  );
  element.addEventListener("submit", (event) => event.preventDefault());

  return {
    element,

    update(next) {
      filters = next;
      for (const { field, update } of controls) {
        update(next[field.name]);
        if (field.more && next[field.name] !== "") {
          more.open = true;
        }
      }
      setHidden(clear, !isFiltered(next));
    },

    offer(name, values) {
      controls.find(({ field }) => field.name === name).offer(values);
    },
  };
}

const KINDS = Object.freeze({ text: createText, select: createSelect, date: createDate });

function createText({ name, any }, choose) {
  const known = h("datalist", { id: `known-${name}` });
  const input = h("input", {
    id: `filter-${name}`,
    type: "search",
    list: known.id,
    placeholder: any,
    maxlength: 128,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });
  let typing = 0;
  const chooseNow = () => {
    clearTimeout(typing);
    choose(name, input.value);
  };
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(chooseNow, TYPING_MILLISECONDS);
  });
  input.addEventListener("change", chooseNow);
  return {
    element: h("div", {}, input, known),
    update(value) {
      if (document.activeElement !== input || value === "") {
        input.value = value;
      }
    },
    offer(values) {
      const before = new Set([...known.options].map((option) => option.value));
      if (values.some((value) => !before.has(value))) {
        const all = [...new Set([...before, ...values])].sort();
        setChildren(known, all.map((value) => h("option", { value })));
      }
    },
  };
}

function createSelect({ name, any, choices }, choose) {
  const element = h(
    "select",
    { id: `filter-${name}` },
    h("option", { value: "" }, any),
    ...Object.entries(choices).map(([value, label]) => h("option", { value }, label)),
  );
  element.addEventListener("change", () => choose(name, element.value));
  return {
    element,
    /** Show a choice, also one that isn't offered: it came with the address. */
    update(value) {
      if (![...element.options].some((option) => option.value === value)) {
        element.append(h("option", { value }, value));
      }
      element.value = value;
    },
  };
}

/** A day of the reader's calendar; the address holds the moment at which it begins or ends. */
function createDate({ name, isEnd = false }, choose) {
  const element = h("input", { id: `filter-${name}`, type: "date", max: "9999-12-31" });
  element.addEventListener("change", () => choose(name, momentOf(element.value, isEnd)));
  return {
    element,
    update(value) {
      if (document.activeElement !== element || value === "") {
        element.value = dayOf(value, isEnd);
      }
    },
  };
}

/** The moment at which a day begins here; with `isEnd` the one at which the next begins. */
export function momentOf(day, isEnd) {
  const [year, month, date] = day.split("-").map(Number);
  return day === ""
    ? ""
    : new Date(year, month - 1, date + (isEnd ? 1 : 0)).toISOString().replace(".000Z", "Z");
}

/** The day here that a moment lies in; with `isEnd` the last one before it. */
export function dayOf(moment, isEnd) {
  const at = new Date(Date.parse(moment) - (isEnd ? 1 : 0));
  const two = (number) => String(number).padStart(2, "0");
  return Number.isNaN(at.getTime())
    ? ""
    : `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
