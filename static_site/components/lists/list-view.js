/** A view that is one list of cards. */

import { createPages } from "../../feeds/pages.js";
import { h, keyedList, setChildren, setHidden, setText } from "../../lib/dom.js";
import { FILTERS } from "../../lib/filters.js";
import { listHash } from "../../lib/route.js";
import { createSkeleton } from "../page/card.js";
import { createLiveView } from "../page/live-view.js";
import { createStatePanel } from "../page/state-panel.js";
import { createFilterForm } from "./filter-form.js";
import { createSteadyList } from "./steady-list.js";

const PAGE_SIZE = 50;

/**
 * @template {object} T
 * @param {Context} context
 * @param {ListParts<T>} parts
 */
export function createListView(context, parts) {
  const { name, title, read, keyOf, make, words } = parts;
  const { queryOf = (filters) => filters, isBusy = () => false } = parts;
  const { aboutOf = () => "", warningOf = () => "", noteOf = () => "" } = parts;
  const pages = createPages(context.api, { path: `/${name}`, limit: PAGE_SIZE, read, keyOf });
  const filters = createFilterForm({
    label: `Filter ${name}`,
    filters: parts.filters ?? FILTERS[name],
    context,
    onChange: (next) => context.navigate(listHash(name, next)),
  });
  const list = h(parts.isOrdered ? "ol" : "ul", { class: parts.className });
  const { update } = keyedList(list, { keyOf, make });
  const onCatchUp = () => view.update();
  const news = createSteadyList({ keyOf, update, words, onCatchUp }, context);
  const about = h("p", { class: "quiet list-about", hidden: true });
  const warning = h("p", { class: "banner", role: "status", hidden: true });
  const nothing = h("div");
  const note = h("p", { class: "list-foot__note", role: "status" });
  const more = h("button", { class: "button", type: "button", onclick: askMore }, "Load more");
  const foot = h("div", { class: "list-foot" }, nothing, note, more);

  /** @type {Filters} */
  let shown = {};

  function askMore() {
    note.textContent = "";
    void view.act(pages.askMore, () => {
      note.textContent = "More could not be fetched. Please try again.";
    });
  }

  const view = createLiveView(context, {
    name,
    title,
    tools: h("div", {}, filters.isEmpty ? null : filters.element, warning),
    body: h("div", {}, about, news.element, list, foot),
    skeleton: createSkeleton(6, parts.className),
    backHash: listHash(name),
    reset({ filters: chosen = {} }) {
      shown = chosen;
      filters.update(chosen);
      setText(warning, warningOf(chosen));
      setHidden(warning, warning.textContent === "");
      setChildren(nothing, [createStatePanel({ shape: "empty", ...parts.empty(chosen) })]);
      // each time anew, as days go by
      pages.reset(() => queryOf(chosen));
      news.forget();
    },
    async ask(signal) {
      await pages.ask(signal);
      return pages.data()?.items.some(isBusy);
    },
    data: pages.data,
    render({ items, hasMore, telling }) {
      news.update(items, hasMore);
      setText(warning, warningOf(shown) || noteOf({ telling }));
      setHidden(warning, warning.textContent === "");
      setText(about, aboutOf(shown));
      setHidden(about, about.textContent === "");
      setHidden(list, items.length === 0);
      setHidden(more, !hasMore);
      setHidden(nothing, items.length > 0 || hasMore);
    },
  });
  return view;
}
