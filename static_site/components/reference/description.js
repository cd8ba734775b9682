/** The API's description as the page reads it: an OpenAPI document, whose parts may be anywhere. */

import { asObject, asText } from "../../lib/shapes.js";

/**
 * Return the members of a list that are objects.
 *
 * @param {unknown} value
 */
export function listOf(value) {
  return Array.isArray(value) ? value.map(asObject) : [];
}

/**
 * Return a part of the document, or what it refers to by `$ref`; what leads nowhere is empty.
 *
 * @param {unknown} document
 * @param {unknown} part
 * @returns {Record<string, unknown>}
 */
export function resolved(document, part) {
  const reference = asText(asObject(part).$ref);
  if (reference === null) {
    return asObject(part);
  }
  const names = reference.replace(/^#\//, "").split("/");
  return asObject(names.reduce((/** @type {unknown} */ at, name) => (Object.hasOwn(asObject(at), name) ? asObject(at)[name] : null), document));
}

/**
 * Return the name of the schema that a reference leads to; null for none.
 *
 * @param {unknown} schema
 */
function nameOf(schema) {
  return asText(asObject(schema).$ref)?.split("/").at(-1) ?? null;
}

/**
 * Return what a schema allows, in a few words: `string (date-time) or null`, `list of Job`.
 *
 * @param {unknown} schema
 * @returns {string}
 */
export function typeText(schema) {
  const { type, format, items, anyOf, additionalProperties, minimum, maximum, default: usual, ...rest } = asObject(schema);
  if (Array.isArray(anyOf)) {
    return anyOf.map(typeText).join(" or ");
  }
  if (Array.isArray(rest.enum)) {
    return rest.enum.join(", ");
  }
  const name =
    nameOf(schema) ??
    (type === "array"
      ? `list of ${typeText(items)}`
      : type === "object" && additionalProperties
        ? `${typeText(additionalProperties)} by name`
        : (asText(type) ?? "anything"));
  const notes = [
    format,
    minimum !== undefined && maximum !== undefined ? `${minimum} to ${maximum}` : null,
    usual === undefined ? null : `${usual} if left out`,
  ].filter(Boolean);
  return notes.length > 0 ? `${name} (${notes.join(", ")})` : name;
}

/**
 * Return the names of the schemas that a schema is made of.
 *
 * @param {unknown} schema
 * @returns {string[]}
 */
export function partNames(schema) {
  const name = nameOf(schema);
  const { items, anyOf, additionalProperties } = asObject(schema);
  const inner = [items, additionalProperties, ...(Array.isArray(anyOf) ? anyOf : [])];
  return name === null ? inner.filter((part) => typeof part === "object").flatMap(partNames) : [name];
}
