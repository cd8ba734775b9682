/** The few things that views do to the page. Every text stays text and never becomes markup. */

import { Unavailable } from "./problems.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `onclick` and its like take functions and become listeners; other properties
 * become attributes.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties]
 * @param {(Node | string | null)[]} children null stands for none
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") {
      element.addEventListener(name.replace(/^on/, ""), /** @type {EventListener} */ (value));
    } else {
      setAttribute(element, name, value);
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} attributes
 */
export function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    setAttribute(element, name, value);
  }
  return element;
}

/**
 * A picture of 16 × 16 made of strokes, hidden from screen readers: text stands beside it.
 *
 * @param {string} className
 * @param {string[]} paths
 */
export function drawing(className, paths) {
  const picture = svg("svg", { viewBox: "0 0 16 16", class: className, "aria-hidden": "true" });
  picture.append(...paths.map((d) => svg("path", { d })));
  return picture;
}

/**
 * Text of unknown origin, kept apart so that its direction can't spill over its neighbours.
 *
 * @param {string} text
 * @param {string} [className]
 */
export function bdi(text, className) {
  return h("bdi", { class: className }, text);
}

/** @param {"badge" | "short" | "middle" | "long"} width */
export function bone(width) {
  return h("span", { class: `bone bone--${width}` });
}

/** @type {Map<string, Promise<void>>} */
const styles = new Map();

/**
 * Load a stylesheet, once.
 *
 * @param {string} address
 * @throws {Unavailable} when it can't be fetched; it is fetched again the next time
 */
export function loadStyle(address) {
  const loaded =
    styles.get(address) ??
    new Promise((resolve, reject) => {
      const onerror = () => {
        styles.delete(address);
        reject(new Unavailable(`${address} could not be fetched`));
      };
      document.head.append(
        h("link", { rel: "stylesheet", href: address, onload: () => resolve(), onerror }),
      );
    });
  styles.set(address, loaded);
  return loaded;
}

/*
 * Writing a text again counts as a change, for the browser and for screen readers. So these
 * functions write only what is different.
 */

/** @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value null, undefined and false remove the attribute, true leaves it empty
 */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) {
    element.setAttribute(name, text);
  }
}

/** @param {Element} element @param {boolean} isHidden */
export function setHidden(element, isHidden) {
  setAttribute(element, "hidden", isHidden);
}

/**
 * Give an element exactly these children. Those that are in their places already are not touched,
 * so that focus and selection stay.
 *
 * @param {Element} parent
 * @param {Element[]} wanted
 */
export function setChildren(parent, wanted) {
  const staying = new Set(wanted);
  for (const child of [...parent.children]) {
    if (!staying.has(child)) {
      child.remove();
    }
  }
  let next = parent.firstElementChild;
  for (const child of wanted) {
    if (child === next) {
      next = child.nextElementSibling;
    } else {
      parent.insertBefore(child, next);
    }
  }
}

/**
 * Return whether an item has left its list, so that it is struck out.
 *
 * @param {object} item
 */
export function isGone(item) {
  return "isGone" in item && item.isGone === true;
}

/**
 * A list whose parts are made once for each key and brought up to date afterwards.
 *
 * @template {object} T
 * @param {Element} parent
 * @param {{ keyOf: (item: T) => string, make: (item: T) => Part<T> }} how
 */
export function keyedList(parent, { keyOf, make }) {
  /** @type {Map<string, Part<T>>} */
  let rows = new Map();
  return {
    /** @param {T[]} items */
    update(items) {
      /** @type {Map<string, Part<T>>} */
      const next = new Map();
      for (const item of items) {
        let key = keyOf(item);
        while (next.has(key)) {
          // two items of one name are both shown
          key += "\n";
        }
        const row = rows.get(key) ?? make(item);
        row.update(item);
        row.element.classList.toggle("is-gone", isGone(item));
        next.set(key, row);
      }
      rows = next;
      setChildren(
        parent,
        [...rows.values()].map((row) => row.element),
      );
    },
  };
}
