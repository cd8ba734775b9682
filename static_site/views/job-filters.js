/** The filters of the job list. They know the filters that are in force, and say what was chosen. */

import { h, setChildren } from "../lib/dom.js";
import { RESULTS, STATUSES } from "../lib/words.js";

/** @typedef {import("../lib/route.js").Filters} Filters */

const TYPING_MILLISECONDS = 400;

/**
 * @param {object} parts
 * @param {(name: keyof Filters, value: string) => void} parts.onChoose
 * @param {() => void} parts.onClear
 */
export function createJobFilters({ onChoose, onClear }) {
  const clients = h("datalist", { id: "known-clients" });
  const client = h("input", {
    id: "filter-client",
    type: "search",
    list: "known-clients",
    placeholder: "All clients",
    maxlength: 128,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });
  const status = select("filter-status", "Any status", STATUSES, (value) =>
    onChoose("status", value),
  );
  const result = select("filter-result", "Any result", RESULTS, (value) =>
    onChoose("result", value),
  );
  const clear = h(
    "button",
    { class: "button button--quiet", type: "button", hidden: true, onclick: onClear },
    "Clear filters",
  );

  let typing = 0;
  const chooseClient = () => {
    clearTimeout(typing);
    onChoose("client_id", client.value);
  };
  client.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(chooseClient, TYPING_MILLISECONDS);
  });
  client.addEventListener("change", chooseClient);

  const element = h(
    "form",
    { class: "job-filters", role: "search", "aria-label": "Filter jobs" },
    field("filter-client", "Client", client),
    field("filter-status", "Status", status),
    field("filter-result", "Result", result),
    clear,
    clients,
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    chooseClient();
  });

  return {
    element,

    /** @param {Filters} filters */
    update(filters) {
      if (document.activeElement !== client || filters.client_id === "") {
        client.value = filters.client_id;
      }
      setChoice(status, filters.status);
      setChoice(result, filters.result);
      clear.hidden = filters.client_id + filters.status + filters.result === "";
    },

    /** @param {readonly string[]} names offered while typing */
    offerClients(names) {
      const known = new Set([...clients.options].map((option) => option.value));
      if (names.some((name) => !known.has(name))) {
        const all = [...new Set([...known, ...names])].sort();
        setChildren(
          clients,
          all.map((value) => h("option", { value })),
        );
      }
    },
  };
}

/**
 * @param {string} id
 * @param {string} label
 * @param {HTMLElement} control
 */
function field(id, label, control) {
  return h("div", { class: "field" }, h("label", { for: id }, label), control);
}

/**
 * @param {string} id
 * @param {string} anyLabel
 * @param {Readonly<Record<string, string>>} choices
 * @param {(value: string) => void} onChange
 */
function select(id, anyLabel, choices, onChange) {
  const element = h(
    "select",
    { id },
    h("option", { value: "" }, anyLabel),
    ...Object.entries(choices).map(([value, label]) => h("option", { value }, label)),
  );
  element.addEventListener("change", () => onChange(element.value));
  return element;
}

/**
 * Show a choice, also one that isn't offered: it came with the address.
 *
 * @param {HTMLSelectElement} element
 * @param {string} value
 */
function setChoice(element, value) {
  if (![...element.options].some((option) => option.value === value)) {
    element.append(h("option", { value }, value));
  }
  element.value = value;
}
