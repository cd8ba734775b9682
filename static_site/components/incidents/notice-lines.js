/** How notices come through to people, for staff: what fails, what waits, and when each channel worked last. */

import { bdi, h, setChildren, setText } from "../../lib/dom.js";
import { asList, asNumber, asObject, asText, asTime } from "../../lib/shapes.js";
import { countOf } from "../../lib/words.js";
import { createCard } from "../page/card.js";

const MOST_SHOWN = 10;

/** @param {Format} format @param {() => number} now */
export function createNoticeLines(format, now) {
  const sentence = h("p", {});
  const list = h("ul", {});
  const more = h("p", { class: "quiet" });
  let shown = "";
  return {
    element: createCard("notices", "Notices to people", sentence, list, more),

    /** @param {Pick<Overview, "notices">} overview */
    update({ notices }) {
      const told = readNotices(notices);
      setText(sentence, sentenceOf(told, format, now()));
      const lines = told.channels.slice(0, MOST_SHOWN).map((one) => lineOf(one, format, now()));
      const words = lines.map((line) => line.textContent).join("\n");
      if (words !== shown) {
        shown = words;
        setChildren(list, lines);
      }
      const hidden = told.channels.length - MOST_SHOWN;
      setText(more, hidden > 0 ? `and ${countOf(hidden, "more channel", "more channels", format)}` : "");
    },
  };
}

/** @param {unknown} value as the API gives it; what fails comes first */
export function readNotices(value) {
  const raw = asObject(value);
  const channels = asList(raw.channels).map((each) => {
    const one = asObject(each);
    return {
      client_id: asText(one.client_id) ?? "",
      channel: asText(one.channel) ?? "",
      worked_at: asTime(one.worked_at),
      failing_since: asTime(one.failing_since),
      off_at: asTime(one.off_at),
      reason: asText(one.reason),
    };
  });
  return {
    channels: [...channels.filter(isBad), ...channels.filter((one) => !isBad(one))],
    /** null when there are more than the API counts */
    waiting: asNumber(raw.waiting),
    oldest_waiting_at: asTime(raw.oldest_waiting_at),
    given_up: asNumber(raw.given_up),
  };
}

/** @typedef {ReturnType<typeof readNotices>} Notices */

/**
 * Return in one sentence how channels do, and what did not come.
 *
 * @param {Notices} told
 * @param {Format} format
 * @param {number} now
 */
export function sentenceOf({ channels, waiting, oldest_waiting_at: oldest, given_up: lost }, format, now) {
  if (channels.length === 0) {
    return "No channel was used yet.";
  }
  const bad = channels.filter(isBad).length;
  const parts = [
    bad === 0
      ? countOf(channels.length, "channel works", "channels work", format)
      : `${format.number(bad)} of ${countOf(channels.length, "channel", "channels", format)} ${bad === 1 ? "does" : "do"} not work`,
  ];
  if (waiting === null) {
    parts.push("more notices wait or were given up than are counted here");
  } else if (waiting > 0) {
    const since = oldest === null ? "" : `, the oldest since ${format.minutes(oldest, now)}`;
    parts.push(`${countOf(waiting, "notice waits", "notices wait", format)}${since}`);
  }
  if (lost !== null && lost > 0) {
    parts.push(`${countOf(lost, "notice was", "notices were", format)} given up in the last 30 days`);
  }
  return `${parts.join("; ")}.`;
}

/** @param {{ failing_since: string | null, off_at: string | null }} one */
const isBad = (one) => one.failing_since !== null || one.off_at !== null;

/**
 * @param {Notices["channels"][number]} one
 * @param {Format} format
 * @param {number} now
 */
function lineOf(one, format, now) {
  const whose = one.client_id === "*" ? "Staff" : one.client_id;
  const worked = one.worked_at === null ? "never worked" : `last worked ${format.minutes(one.worked_at, now)}`;
  const since = one.off_at ?? one.failing_since;
  const state = since === null ? "" : ` · ${one.off_at === null ? "fails" : "is off"} since ${format.minutes(since, now)}`;
  const reason = one.reason === null ? "" : ` (${one.reason})`;
  return h("li", {}, bdi(`${whose} / ${one.channel}`), h("span", { class: "quiet", dir: "auto" }, `${state}${reason} · ${worked}`));
}
