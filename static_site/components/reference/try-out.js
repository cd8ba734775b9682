/** A request that the reader of the page can send, with what it answers. */

import { h, setHidden, setText } from "../../lib/dom.js";
import { SignedOut } from "../../lib/problems.js";
import { isAddressable } from "../../lib/route.js";
import { asObject, asText } from "../../lib/shapes.js";

const MOST_CHARACTERS = 50_000;

/**
 * @param {object} parts
 * @param {string} parts.path
 * @param {Record<string, unknown>[]} parts.parameters
 * @param {Pick<Context, "api" | "clock" | "onEnded">} parts.context
 */
export function createTryOut({ path, parameters, context }) {
  const { api, clock, onEnded } = context;
  const fields = parameters.filter((one) => one.in !== "header").map((one) => createField(path, one));
  const said = h("p", { role: "status", class: "reference__prose" });
  const answer = h("pre", { class: "reference__sample", hidden: true });
  /** @type {AbortController | null} */
  let asking = null;

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    asking?.abort();
    const here = (asking = new AbortController());
    setHidden(answer, true);
    const missing = fields.find(({ place, value }) => place === "path" && !isAddressable(value()));
    if (missing) {
      setText(said, `${missing.name} is missing: fill it in. “.” and “..” are no ids.`);
      missing.control.focus();
      return;
    }
    const { asked, query } = requestOf(path, fields);
    const shown = `GET ${asked}${Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : ""}`;
    setText(said, `${shown} …`);
    const began = clock.now();
    try {
      const { body } = await api.get(asked, { query, signal: here.signal });
      const text = JSON.stringify(body, null, 2);
      const rest = text.length > MOST_CHARACTERS ? ` The first ${MOST_CHARACTERS} of ${text.length} characters follow.` : "";
      setText(said, `${shown} was answered in ${clock.now() - began} ms.${rest}`);
      setText(answer, text.slice(0, MOST_CHARACTERS));
      setHidden(answer, false);
    } catch (error) {
      if (here.signal.aborted) {
        return;
      }
      if (error instanceof SignedOut) {
        onEnded(error);
        return;
      }
      setText(said, `${shown}: ${error instanceof Error ? error.message : error}`);
    }
  }

  return h(
    "form",
    { class: "reference__form", onsubmit: send, autocomplete: "off" },
    ...fields.map(({ element }) => element),
    h("button", { class: "button button--small", type: "submit" }, "Send"),
    said,
    answer,
  );
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} parameter
 */
function createField(path, parameter) {
  const name = asText(parameter.name) ?? "";
  const schema = asObject(parameter.schema);
  const id = `try-${path.replaceAll(/\W+/g, "-")}-${name}`;
  const choices = schema.type === "boolean" ? ["true"] : Array.isArray(schema.enum) ? schema.enum.map(String) : null;
  const control = choices
    ? h("select", { id }, h("option", { value: "" }, "Any"), ...choices.map((value) => h("option", { value }, value)))
    : h("input", { id, type: "text", autocapitalize: "none", spellcheck: "false" });
  const label = parameter.required ? `${name} (required)` : name;
  return {
    name,
    place: parameter.in,
    control,
    value: () => control.value.trim(),
    element: h("div", { class: "field" }, h("label", { for: id }, label), control),
  };
}

/**
 * Return the path and the query of a request; a parameter without a value is left out.
 *
 * @param {string} path
 * @param {{ name: string, place: unknown, value: () => string }[]} fields
 */
function requestOf(path, fields) {
  /** @type {Record<string, string>} */
  const query = {};
  let asked = path;
  for (const { name, place, value } of fields) {
    if (place === "path") {
      asked = asked.replace(`{${name}}`, () => encodeURIComponent(value()));
    } else if (value() !== "") {
      query[name] = value();
    }
  }
  return { asked, query };
}
