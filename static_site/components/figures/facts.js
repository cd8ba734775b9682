/** A small table of names and values. */

import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../../lib/dom.js";

const LONG_FACT = 60;
/** A word of more characters does not fit half a phone. */
const LONG_WORD = /\S{17}/;

/** @param {string} className */
export function createFacts(className) {
  const element = h("dl", { class: className });
  const rows = keyedList(element, {
    keyOf: (/** @type {Fact} */ fact) => `${fact.label}\n${fact.href === undefined}`,
    make: createFact,
  });
  return {
    element,

    /** @param {Fact[]} facts */
    update(facts) {
      rows.update(facts);
      setHidden(element, facts.length === 0);
    },
  };
}

/** @param {Fact} first @returns {Part<Fact>} */
function createFact(first) {
  const text = bdi("");
  const label = bdi("");
  const link = first.href === undefined ? null : h("a", {}, text);
  const value = h("dd", {}, link ?? text);
  const element = h("div", { class: "fact" }, h("dt", {}, label), value);
  return {
    element,

    update(fact) {
      const isLong = fact.label.length > LONG_FACT || fact.text.length > LONG_FACT;
      const isWide = LONG_WORD.test(fact.text);
      setAttribute(element, "class", isLong ? "fact is-long" : isWide ? "fact is-wide" : "fact");
      setText(label, fact.label);
      setText(text, fact.text);
      setAttribute(value, "title", fact.title);
      setAttribute(value, "tabindex", fact.tabindex);
      if (link !== null) {
        setAttribute(link, "href", fact.href);
        setAttribute(link, "target", fact.outside ? "_blank" : null);
        setAttribute(link, "rel", fact.outside ? "noopener noreferrer" : null);
      }
    },
  };
}
