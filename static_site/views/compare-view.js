/** The view of two jobs side by side. */

import { createStatusBadge } from "../components/job/job-state.js";
import { createCard, createSkeleton } from "../components/page/card.js";
import { createLiveView } from "../components/page/live-view.js";
import { comparedGroups } from "../components/timeline/compared-jobs.js";
import { createComparisonFeed } from "../feeds/comparison-feed.js";
import { bdi, h, keyedList, setAttribute, setHidden, setText } from "../lib/dom.js";
import { outcomeOf } from "../lib/outcomes.js";
import { isAddressable, jobHash, listHash } from "../lib/route.js";
import { titleOf } from "../lib/words.js";

const SIDES = [
  { name: "one", label: "Job id" },
  { name: "other", label: "Compare with job id" },
];

/** @param {Context} context */
export function createCompareView(context) {
  const { api, format, clock, navigate } = context;
  const inputs = SIDES.map(({ name }) => h("input", { id: `compare-${name}`, required: true }));
  const form = h(
    "form",
    {
      class: "compare__form",
      onsubmit(/** @type {Event} */ event) {
        event.preventDefault();
        const [one, other] = inputs.map((input) => input.value.trim());
        navigate(listHash("compare", { one, other }));
      },
    },
    ...SIDES.map(({ name, label }, at) =>
      h("div", { class: "field" }, h("label", { for: `compare-${name}` }, label), inputs[at]),
    ),
    h("button", { class: "button", type: "submit" }, "Compare"),
  );
  const none = h("p", { class: "quiet" }, "Give the ids of two jobs.");
  const offer = createOffer();
  const comparison = h("div", { class: "skeleton-stack" });
  const groups = keyedList(comparison, {
    keyOf: (/** @type {ComparedGroup} */ group) => group.title,
    make: createGroup,
  });
  /** @type {string[]} */
  let ids = [];
  let feed = createComparisonFeed(api, ids);

  return createLiveView(context, {
    name: "compare",
    title: "Compare jobs",
    lead: h("a", { class: "back-link", href: "#/jobs" }, "← All jobs"),
    tools: form,
    skeleton: createSkeleton(2, "skeleton-stack"),
    body: h("div", {}, none, offer.element, comparison),
    backHash: "#/jobs",
    backLabel: "All jobs",
    reset({ filters = {} }) {
      const given = SIDES.map(({ name }) => filters[name] ?? "");
      inputs.forEach((input, at) => {
        input.value = given[at];
      });
      ids = given.filter(isAddressable);
      feed = createComparisonFeed(api, ids);
    },
    async ask(signal) {
      await feed.ask(signal);
      return feed.data()?.some(({ job }) => job.status !== "completed");
    },
    data: () => feed.data(),
    render(known) {
      setHidden(none, known.length > 0);
      offer.update(ids[0], known.length === 1 ? feed.candidates() : []);
      setHidden(offer.element, known.length !== 1);
      const jobs = known.map(({ job }) => job);
      groups.update(
        known.length < 2
          ? []
          : comparedGroups(known, format, clock.now()).map((group) => ({ ...group, jobs })),
      );
    },
  });
}

/** Other jobs to compare one with. */
function createOffer() {
  const list = h("ul", { class: "compare__offer" });
  const empty = h("p", { class: "quiet" }, "There is no other job of this pipeline.");
  let one = "";
  const rows = keyedList(list, {
    keyOf: (/** @type {Job} */ job) => job.job_id,
    make() {
      const badge = createStatusBadge();
      const link = h("a", {}, bdi(""));
      return {
        element: h("li", {}, link, badge.element),
        update(job) {
          setAttribute(link, "href", listHash("compare", { one, other: job.job_id }));
          setText(/** @type {Element} */ (link.firstElementChild), titleOf(job));
          badge.update(outcomeOf(job));
        },
      };
    },
  });
  return {
    element: createCard("offer", "Compare with a recent job of this pipeline", empty, list),

    /** @param {string} of @param {Job[]} jobs */
    update(of, jobs) {
      one = of;
      rows.update(jobs);
      setHidden(empty, jobs.length > 0);
    },
  };
}

/** @param {ComparedGroup} first @returns {Part<ComparedGroup>} */
function createGroup(first) {
  const links = SIDES.map(() => h("a", {}, bdi("")));
  const body = h("tbody", { role: "rowgroup" });
  const rows = keyedList(body, {
    keyOf: (/** @type {ComparedRow} */ row) => row.label,
    make: createRow,
  });
  const heads = links.map((link) => h("th", { scope: "col", role: "columnheader" }, link));
  const corner = h("td", { class: "comparison__corner", role: "cell" });
  const table = h(
    "table",
    { class: "comparison", role: "table" },
    h("caption", { class: "unseen" }, first.title),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, corner, ...heads)),
    body,
  );
  return {
    element: createCard(first.title.replaceAll(" ", "-").toLowerCase(), first.title, table),

    update({ rows: shown, jobs = [] }) {
      const titles = jobs.map(titleOf);
      jobs.forEach(({ job_id: id }, at) => {
        const isAlike = titles[at] === titles[1 - at] && titles[at] !== id;
        setAttribute(links[at], "href", jobHash(id));
        setText(
          /** @type {Element} */ (links[at].firstElementChild),
          isAlike ? `${titles[at]} (${id})` : titles[at],
        );
      });
      rows.update(shown);
    },
  };
}

/** @returns {Part<ComparedRow>} */
function createRow() {
  const label = bdi("");
  const mark = h("span", { class: "comparison__mark" }, "differs");
  const texts = SIDES.map(() => bdi(""));
  const element = h(
    "tr",
    { role: "row" },
    h("th", { scope: "row", role: "rowheader" }, label, " ", mark),
    ...texts.map((text) => h("td", { role: "cell" }, text)),
  );
  return {
    element,

    update(row) {
      setText(label, row.label);
      row.texts.forEach((text, at) => setText(texts[at], text));
      setHidden(mark, row.texts[0] === row.texts[1]);
    },
  };
}
