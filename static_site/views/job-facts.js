/** Small tables of names and values on a job's page, kept up to date in place. */

import { bdi, h, keyedList, setAttribute, setText } from "../lib/dom.js";

/**
 * @typedef {object} Fact
 * @property {string} label
 * @property {string} text
 * @property {string} [href]
 * @property {string} [title] what shows on hover
 * @property {boolean} [outside] the link leads away from the site
 */

/** A fact longer than this takes a row of its own. */
const LONG_FACT = 60;

/** @param {string} className */
export function createFacts(className) {
  const element = h("dl", { class: className });
  const rows = keyedList(element, {
    keyOf: (/** @type {Fact} */ fact) => `${fact.label}\n${fact.href === undefined}`,
    make: createFact,
  });
  return {
    element,

    /** @param {readonly Fact[]} facts */
    update(facts) {
      rows.update(facts);
      element.hidden = facts.length === 0;
    },
  };
}

/** @param {Fact} first */
function createFact(first) {
  const text = bdi("");
  const label = bdi("");
  const link = first.href === undefined ? null : h("a", {}, text);
  const value = h("dd", {}, link ?? text);
  const element = h("div", { class: "fact" }, h("dt", {}, label), value);
  return {
    element,

    /** @param {Fact} fact */
    update(fact) {
      const isLong = fact.label.length > LONG_FACT || fact.text.length > LONG_FACT;
      setAttribute(element, "class", isLong ? "fact is-long" : "fact");
      setText(label, fact.label);
      setText(text, fact.text);
      setAttribute(value, "title", fact.title);
      if (link !== null) {
        setAttribute(link, "href", fact.href);
        setAttribute(link, "target", fact.outside ? "_blank" : null);
        setAttribute(link, "rel", fact.outside ? "noopener noreferrer" : null);
      }
    },
  };
}
