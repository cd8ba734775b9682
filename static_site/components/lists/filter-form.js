/** The filters of a list that have a field. */

import { h, setChildren, setHidden } from "../../lib/dom.js";
import { groupsOf } from "../page/groups.js";
import { isFiltered, withFilter } from "../../feeds/filtering.js";

const TYPING_MILLISECONDS = 400;

/**
 * @param {object} parts
 * @param {string} parts.label
 * @param {Readonly<Record<string, Filter>>} parts.filters
 * @param {Pick<Context, "api" | "clock" | "format" | "token">} parts.context
 * @param {(filters: Filters) => void} parts.onChange
 */
export function createFilterForm({ label, filters, context, onChange }) {
  /** @type {Filters} */
  let chosen = {};
  /** @type {Choose} */
  const choose = (name, value) => {
    const next = withFilter(chosen, name, value);
    if (next[name] !== chosen[name]) {
      // the next choice may come before the address has changed
      chosen = next;
      onChange(next);
    }
  };
  const controls = Object.entries(filters).flatMap(([name, { field }]) =>
    field === undefined ? [] : [{ name, field, ...CONTROLS[field.kind](name, field, choose, context) }],
  );
  /** @type {Map<string, HTMLElement>} */
  const boxOf = new Map();
  /** @param {typeof controls[number]} control */
  const box = ({ name, field, element }) => {
    const made = h("div", { class: "field" }, h("label", { for: `filter-${name}` }, field.label), element);
    boxOf.set(name, made);
    return made;
  };
  /** @param {boolean} isMore */
  const boxes = (isMore) =>
    controls.filter(({ field }) => (field.isMore ?? false) === isMore).map(box);
  const folded = boxes(true);
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
    h("div", { class: "filters" }, ...boxes(false), clear),
    folded.length === 0 ? null : more,
  );
  element.addEventListener("submit", (event) => event.preventDefault());

  return {
    element,
    isEmpty: controls.length === 0,

    /** @param {Filters} next */
    update(next) {
      chosen = next;
      for (const { name, field, update } of controls) {
        update(next[name]);
        if (field.isOfStaff) {
          // others see it where their address has it, so that they can take it back
          setHidden(/** @type {HTMLElement} */ (boxOf.get(name)), !groupsOf(context.token()).includes("staff") && !next[name]);
        }
        if (field.isMore && next[name] !== "") {
          more.open = true;
        }
      }
      setHidden(clear, !isFiltered(next));
    },

    /**
     * Offer values to whoever types.
     *
     * @param {string} name
     * @param {string[]} values
     */
    offer(name, values) {
      controls.find((control) => control.name === name)?.offer?.(values);
    },
  };
}

/** @type {Record<Field["kind"], CreateControl>} */
const CONTROLS = {
  text: (name, field, choose) => createText(name, field, async (text) => choose(name, text)),
  client: createClient,
  select: createSelect,
  date: createDate,
};

/**
 * A client, by id or by name. All of them are offered as soon as somebody looks for one.
 *
 * @type {CreateControl}
 */
function createClient(name, field, choose, context) {
  /** @type {ReturnType<typeof import("./client-search.js").createClientSearch> | undefined} */
  let known;
  const search = async () =>
    (known ??= (await import("./client-search.js")).createClientSearch(context));
  const control = createText(name, field, async (text, isWhole) => {
    const found = text === "" ? null : await search().catch(() => null);
    const id = found === null ? text : found.clientOf(await found.all(), text, isWhole);
    if (control.input.value !== text) {
      // something else has been typed meanwhile
      return;
    }
    control.input.setCustomValidity(
      id === null && isWhole ? "No single client is called that. Choose one from the list." : "",
    );
    if (id !== null) {
      choose(name, id);
    } else if (isWhole) {
      control.input.reportValidity();
    }
  });
  control.input.addEventListener("focus", async () => {
    const found = await search().catch(() => null);
    const all = (await found?.all()) ?? [];
    control.offer(all.map(({ client_id: id, name: called }) => [id, called ?? ""]));
  });
  return { element: control.element, update: control.update };
}

/**
 * @param {string} name
 * @param {Field} field
 * @param {(text: string, isWhole: boolean) => Promise<void>} onText
 */
function createText(name, { any }, onText) {
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
  /** @param {boolean} isWhole */
  const chooseNow = (isWhole) => {
    clearTimeout(typing);
    typing = 0;
    void onText(input.value, isWhole);
  };
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = window.setTimeout(chooseNow, TYPING_MILLISECONDS, false);
  });
  input.addEventListener("change", () => chooseNow(true));
  return {
    element: h("div", {}, input, known),
    input,
    /** @param {string} value */
    update(value) {
      // else an earlier choice comes back late, and would wipe what is typed
      if (typing === 0) {
        setValue(input, value, value);
      }
    },
    /** @param {(string | [string, string])[]} values each alone, or with what people call it */
    offer(values) {
      const pairs = values.map((each) => (typeof each === "string" ? [each, ""] : each));
      const before = [...known.options].map(({ value, label }) => [value, label]);
      const all = new Map([...before, ...pairs].map(([value, label]) => [value, label]));
      if (all.size !== before.length) {
        setChildren(
          known,
          [...all].sort().map(([value, label]) => h("option", { value, label: label || null })),
        );
      }
    },
  };
}

/** @param {string} name @param {Field} field @param {Choose} choose @returns {Control} */
function createSelect(name, { any = "", choices = {} }, choose) {
  const element = h(
    "select",
    { id: `filter-${name}` },
    h("option", { value: "" }, any),
    ...Object.entries(choices).map(([value, label]) => h("option", { value }, label)),
  );
  const other = h("option");
  element.addEventListener("change", () => choose(name, element.value));
  return {
    element,
    /** Show a choice, also one that isn't offered: it came with the address. */
    update(value) {
      other.remove();
      if (value !== "" && !Object.hasOwn(choices, value)) {
        other.value = other.textContent = value;
        element.append(other);
      }
      element.value = value;
    },
  };
}

/**
 * A day of the calendar of the zone that is shown; the address holds the moment at which it begins
 * or ends, or with `isDay` the day itself.
 *
 * @type {CreateControl}
 */
function createDate(name, { isEnd = false, isDay = false }, choose, { format }) {
  const input = h("input", { id: `filter-${name}`, type: "date", max: "9999-12-31" });
  const days = () => import("../page/zones.js");
  let shown = "";
  input.addEventListener("change", async () => {
    const day = input.value;
    choose(name, isDay ? day : (await days()).momentOf(day, isEnd, format.zone()));
  });
  return {
    element: input,
    async update(value) {
      const isText = isDay || value === "";
      const day = isText ? value : (await days()).dayOf(value, isEnd, format.zone());
      // another filter's choice leaves a day alone that is just being chosen
      if (day !== shown) {
        shown = day;
        setValue(input, value, day);
      }
    },
  };
}

/**
 * Show the value of a filter, but not while somebody is typing another one.
 *
 * @param {HTMLInputElement} input
 * @param {string} value
 * @param {string} text
 */
function setValue(input, value, text) {
  if (document.activeElement !== input || value === "") {
    input.value = text;
  }
}
