/** One path of the API: what it takes and answers; what is folded is made when it is opened. */

import { h } from "../../lib/dom.js";
import { asObject, asText } from "../../lib/shapes.js";
import { listOf, partNames, resolved, typeText } from "./description.js";
import { paragraphs } from "./prose.js";
import { createTryOut } from "./try-out.js";

/**
 * A part that is folded, and made when somebody opens it for the first time.
 *
 * @param {(Node | string)[]} summary
 * @param {() => Element[]} make
 * @param {string} [className]
 */
function folded(summary, make, className) {
  const details = h("details", { class: className }, h("summary", {}, ...summary));
  details.addEventListener("toggle", () => details.append(...make()), { once: true });
  return details;
}

/** @param {unknown} value */
function sample(value) {
  return h("pre", { class: "reference__sample" }, JSON.stringify(value, null, 2));
}

/**
 * The members of a schema, each with its type and meaning; what they are made of is folded.
 *
 * @param {unknown} document
 * @param {unknown} schema
 * @returns {Element}
 */
function members(document, schema) {
  const { properties } = resolved(document, schema);
  return h(
    "dl",
    { class: "reference__members" },
    ...Object.entries(asObject(properties)).flatMap(([name, member]) => [
      term(name, typeText(member)),
      h(
        "dd",
        {},
        ...paragraphs(asText(asObject(member).description) ?? ""),
        ...schemasOf(document, member),
      ),
    ]),
  );
}

/** @param {unknown} document @param {unknown} schema */
function schemasOf(document, schema) {
  return partNames(schema).map((name) =>
    folded([`Members of ${name}`], () => [members(document, { $ref: `#/components/schemas/${name}` })]),
  );
}

/** @param {string} name @param {string} type */
function term(name, type) {
  return h("dt", {}, h("code", { class: "mono" }, name), " ", h("span", { class: "quiet" }, type));
}

/** @param {Record<string, unknown>} parameter */
function parameterItem(parameter) {
  const place = parameter.required ? `${parameter.in}, required` : `${parameter.in}`;
  return [
    term(asText(parameter.name) ?? "", `${place}: ${typeText(parameter.schema)}`),
    h("dd", {}, ...paragraphs(asText(parameter.description) ?? "")),
  ];
}

/**
 * @param {unknown} document
 * @param {string} status
 * @param {unknown} answer
 */
function answerItem(document, status, answer) {
  const { description, content } = resolved(document, answer);
  const parts = Object.values(asObject(content)).flatMap((one) => {
    const { schema, examples } = asObject(one);
    return [
      ...schemasOf(document, schema),
      ...Object.values(asObject(examples)).map((example) => {
        const { summary, value } = asObject(example);
        return folded(["Example: ", h("code", { class: "mono" }, asText(summary) ?? "")], () => [sample(value)]);
      }),
    ];
  });
  return [term(status, ""), h("dd", {}, ...paragraphs(asText(description) ?? ""), ...parts)];
}

/** @param {Record<string, unknown>} operation */
function bodySamples({ requestBody }) {
  return Object.values(asObject(asObject(requestBody).content)).map((one) => sample(asObject(one).example));
}

/**
 * @param {object} parts
 * @param {unknown} parts.document
 * @param {string} parts.path
 * @param {string} parts.method  in capitals; only GET, which changes nothing, can be tried
 * @param {Record<string, unknown>} parts.operation
 * @param {Pick<Context, "api" | "clock" | "onEnded">} parts.context
 */
export function createOperation({ document, path, method, operation, context }) {
  const parameters = listOf(operation.parameters);
  const summary = [
    h("code", { class: "mono reference__path" }, `${method} ${path}`),
    h("span", { class: "quiet" }, asText(operation.summary) ?? ""),
  ];
  const make = () => [
    ...paragraphs(asText(operation.description) ?? ""),
    ...(method === "GET"
      ? [h("h3", {}, "Try it"), createTryOut({ path, parameters, context })]
      : [h("h3", {}, "Body"), ...bodySamples(operation)]),
    h("h3", {}, "Parameters"),
    h("dl", { class: "reference__members" }, ...parameters.flatMap(parameterItem)),
    h("h3", {}, "Answers"),
    h(
      "dl",
      { class: "reference__members" },
      ...Object.entries(asObject(operation.responses)).flatMap(([status, answer]) => answerItem(document, status, answer)),
    ),
  ];
  return folded(summary, make, "surface reference__operation");
}
