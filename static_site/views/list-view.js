/** A view that is one list of cards, and how a list stays where it is while it changes. */

import { createPages } from "../feeds/pages.js";
import { h, keyedList, setHidden, setText } from "../lib/dom.js";
import { listHash } from "../lib/route.js";
import { countOf } from "../lib/words.js";
import { createFilterForm } from "./filters.js";
import { createLiveView, createSkeleton } from "./live-view.js";
import { createStatePanel } from "./parts.js";

const PAGE_SIZE = 50;

/**
 * `read` and `keyOf` are for items as they come, `make` gives their cards; `fields` are the filters,
 * `queryOf` makes a question of what was chosen, `clientsOf` says which clients to offer there.
 */
export function createListView(context, parts) {
  const { name, title, read, keyOf, make, words, fields = [], clientsOf } = parts;
  const { queryOf = (filters) => filters, isBusy = () => false } = parts;
  const pages = createPages(context.api, { path: `/${name}`, limit: PAGE_SIZE, read, keyOf });
  const filters = createFilterForm({
    label: `Filter ${name}`,
    fields,
    onChange: (next) => context.navigate(listHash(name, next)),
  });
  const list = h(parts.isOrdered ? "ol" : "ul", { class: parts.className });
  const { update } = keyedList(list, { keyOf, make });
  const onCatchUp = () => view.update();
  const news = createSteadyList({ keyOf, update, words, onCatchUp }, context);
  const nothing = createStatePanel({ shape: "empty", ...parts.empty });
  const note = h("p", { class: "list-foot__note", role: "status" });
  const more = h("button", { class: "button", type: "button", onclick: askMore }, "Load more");
  const foot = h("div", { class: "list-foot" }, nothing, note, more);

  function askMore() {
    note.textContent = "";
    void view.act(pages.askMore, () => {
      note.textContent = "More could not be fetched. Please try again.";
    });
  }

  const view = createLiveView(context, {
    name,
    title,
    tools: fields.length === 0 ? null : filters.element,
    body: h("div", {}, news.element, list, foot),
    skeleton: createSkeleton(6, parts.className),
    backHash: listHash(name),
    reset(route) {
      filters.update(route.filters);
      pages.reset(() => queryOf(route.filters)); // days go by
      news.forget();
    },
    async ask(signal) {
      await pages.ask(signal);
      return pages.data().items.some(isBusy);
    },
    data: pages.data,
    render({ items, hasMore }) {
      news.update(items, hasMore);
      setHidden(list, items.length === 0);
      setHidden(more, !hasMore);
      setHidden(nothing, items.length > 0 || hasMore);
      if (clientsOf !== undefined) {
        filters.offer("client_id", [...new Set(items.flatMap(clientsOf))]);
      }
    },
  });
  return view;
}

/*
 * Nobody's line moves away under the eyes: what is new waits behind a button, what has left the
 * list is struck out until then.
 */

/**
 * What to show of `items`, given what is `shown`: that in its place, and what follows after its end,
 * where it pushes nothing away.
 */
export function steady(shown, items, keyOf, hasMore) {
  const known = new Map(items.map((item) => [keyOf(item), item]));
  const places = new Set(shown.map(keyOf));
  const end = items.findLastIndex((item) => places.has(keyOf(item))) + 1;
  if (end === 0) {
    return { rows: items, arrived: 0, gone: 0 };
  }
  // what is missing at the end may only have been pushed to a page that wasn't asked for
  const last = shown.findLastIndex((item) => known.has(keyOf(item)));
  const rows = shown.map(
    (item, at) =>
      known.get(keyOf(item)) ?? { ...item, isGone: Boolean(item.isGone) || !hasMore || at < last },
  );
  return {
    rows: [...rows, ...items.slice(end)],
    arrived: items.slice(0, end).filter((item) => !places.has(keyOf(item))).length,
    gone: rows.filter((item) => item.isGone).length,
  };
}

/**
 * `update` draws items, `onCatchUp` is to draw the list anew; `words` are what one and many of its
 * items are called.
 */
export function createSteadyList({ keyOf, update, words, onCatchUp }, context) {
  const { format, isHidden, announce } = context;
  const [one, many] = words;
  const button = h("button", { class: "button button--small", type: "button", onclick: catchUp });
  const element = h("div", { class: "news", hidden: true }, button);
  let shown = [];
  let said = 0;

  /** Nobody looks at a page that is hidden: it is found as new as it can be. */
  const isUnread = () => isHidden() && window.scrollY === 0;

  function forget() {
    shown = [];
  }

  function catchUp() {
    forget();
    onCatchUp();
    element.closest("section").querySelector("h1").focus(); // what was pressed is gone
    window.scrollTo(0, 0);
  }

  return {
    element,
    forget,
    isUnread,

    update(items, hasMore) {
      const { rows, arrived, gone } = steady(isUnread() ? [] : shown, items, keyOf, hasMore);
      shown = rows;
      update(rows);
      setHidden(element, arrived + gone === 0);
      const news = countOf(arrived, `new ${one}`, `new ${many}`, format);
      setText(
        button,
        arrived > 0
          ? `Show ${news}${gone > 0 ? `, drop ${format.number(gone)}` : ""}`
          : `Drop ${countOf(gone, one, many, format)} that left this list`,
      );
      if (arrived > said) {
        announce(news);
      }
      said = arrived;
    },
  };
}
