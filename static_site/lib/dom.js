/** The few things that views do to the page. All text goes in as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `onclick` and its like take functions and become listeners; other properties
 * become attributes.
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

export function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    setAttribute(element, name, value);
  }
  return element;
}

/** A picture of 16 × 16 made of strokes, hidden from screen readers: text stands beside it. */
export function drawing(className, paths) {
  const picture = svg("svg", { viewBox: "0 0 16 16", class: className, "aria-hidden": "true" });
  picture.append(...paths.map((d) => svg("path", { d })));
  return picture;
}

/** Text of unknown origin, kept apart so that its direction can't spill over its neighbours. */
export function bdi(text, className) {
  return h("bdi", { class: className }, text);
}

export function bone(width) {
  return h("span", { class: `bone bone--${width}` });
}

/*
 * To write what is there already would count as a change, to the browser and to whoever reads the
 * page aloud: so these look first.
 */

export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

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

export function setHidden(element, isHidden) {
  setAttribute(element, "hidden", isHidden);
}

/**
 * Make the children of an element exactly these, touching none that is already in its place: so
 * focus and selection stay.
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

/** A list whose elements are made once for each key and brought up to date afterwards. */
export function keyedList(parent, { keyOf, make }) {
  let rows = new Map();
  return {
    update(items) {
      const next = new Map();
      for (const item of items) {
        let key = keyOf(item);
        while (next.has(key)) {
          key += "\n"; // what is called alike stands there twice all the same
        }
        const row = rows.get(key) ?? make(item);
        row.update(item);
        row.element.classList.toggle("is-gone", item.isGone === true);
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
