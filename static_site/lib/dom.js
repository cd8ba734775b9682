/** The few things that views do to the page. All text goes in as text, never as markup. */

/** @typedef {string | number | boolean | null | undefined | ((event: any) => void)} Property */
/** @typedef {Node | string | null | undefined} Child */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `onclick` and its like take functions and become listeners; other properties
 * become attributes.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, Property>} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") {
      element.addEventListener(name.replace(/^on/, ""), value);
    } else {
      setAttribute(element, name, value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/**
 * A picture of 16 × 16 made of strokes, hidden from screen readers: text always stands beside it.
 *
 * @param {string} className
 * @param {readonly string[]} paths
 */
export function drawing(className, paths) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("class", className);
  picture.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    picture.append(path);
  }
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

/**
 * A place that text will take.
 *
 * @param {"badge" | "short" | "middle" | "long"} width
 */
export function bone(width) {
  return h("span", { class: `bone bone--${width}` });
}

/**
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean | null | undefined} value false and null take it away
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

/**
 * Make the children of an element exactly these, touching none that is already in its place: so
 * focus and selection stay.
 *
 * @param {Element} parent
 * @param {readonly Element[]} wanted
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
      next = next.nextElementSibling;
    } else {
      parent.insertBefore(child, next);
    }
  }
}

/**
 * A list whose elements are made once for each key and brought up to date afterwards.
 *
 * @template T
 * @param {Element} parent
 * @param {{ keyOf: (item: T) => string,
 *   make: (item: T) => { element: Element, update: (item: T) => void } }} parts
 */
export function keyedList(parent, { keyOf, make }) {
  /** @type {Map<string, { element: Element, update: (item: T) => void }>} */
  let rows = new Map();
  return {
    /** @param {readonly T[]} items */
    update(items) {
      const next = new Map();
      for (const item of items) {
        const key = keyOf(item);
        const row = rows.get(key) ?? make(item);
        row.update(item);
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
