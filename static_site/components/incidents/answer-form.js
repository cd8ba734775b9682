/** What a person can do about an open incident; who may not act sees the command for it. */

import { h, setHidden, setText } from "../../lib/dom.js";
import { groupsOf } from "../page/groups.js";
import { Forbidden, SignedOut, Unavailable } from "../../lib/problems.js";
import { readClaims } from "../../lib/sign-in.js";
import { createIntake } from "./act-intake.js";
import { ownerOf } from "./incident-words.js";

/** Who may act is in this group; the intake decides for itself. */
const ACT_GROUP = "act";
const HOUR_MILLISECONDS = 3_600_000;
const MOST_CHARACTERS = 1000;
const MUTES = Object.freeze({ 1: "1 hour", 8: "8 hours", 24: "1 day", 72: "3 days", grows: "until it grows" });
const NEEDS_TEXT = Object.freeze({ mute: "Say why first.", note: "Write the note first." });

/**
 * @param {object} parts
 * @param {Acting} parts.acting
 * @param {Clock} parts.clock
 * @param {() => void} parts.onSent something was sent, and is to be looked for
 * @param {(error: unknown) => void} parts.onEnded the session has ended
 */
export function createAnswerForm({ acting, clock, onSent, onEnded }) {
  const intake = createIntake(acting);
  const text = h("input", { id: "answer-text", type: "text", maxlength: MOST_CHARACTERS, autocomplete: "off" });
  const length = h("select", { id: "answer-mute" }, ...Object.entries(MUTES).map(([value, words]) => h("option", { value }, words)));
  const said = h("p", { class: "answer__said", role: "status" });
  const command = h("code", { dir: "auto" });
  /** @type {OneIncident | null} */
  let incident = null;
  let isSending = false;
  /** @type {string | null} the id of what was sent and is in no history yet */
  let pending = null;
  /** What was tried last, and its id: tried again, it is the same act. */
  let tried = { words: "", id: "" };

  /** @param {string} name @param {string} label */
  const button = (name, label) =>
    h("button", { class: "button button--small", type: "button", onclick: () => void answer(name) }, label);
  const mute = button("mute", "Mute");
  const unmute = button("unmute", "Unmute");
  const buttons = [button("acknowledge", "Acknowledge"), mute, unmute, button("resolve", "Resolve"), button("note", "Add note")];
  const muteFor = h("div", { class: "field" }, h("label", { for: "answer-mute" }, "Mute for"), length);
  const form = h(
    "form",
    { class: "answer", onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    h("div", { class: "field answer__text" }, h("label", { for: "answer-text" }, "Reason or note"), text),
    muteFor,
    h("div", { class: "answer__buttons" }, ...buttons),
  );
  const advice = h(
    "div",
    {},
    h("p", {}, "To answer from here you need the right to act, which those who run this ledger give. With it, you can also answer at a terminal:"),
    h("p", { class: "answer__command" }, command),
  );

  /** @param {string} name */
  async function answer(name) {
    if (incident === null || isSending) {
      return;
    }
    const about = incident.incident_id;
    const reason = text.value.trim();
    const lack = Object.entries(NEEDS_TEXT).find(([act]) => act === name && reason === "");
    if (lack) {
      setText(said, lack[1]);
      text.focus();
      return;
    }
    const words = JSON.stringify([about, name, reason, length.value]);
    if (tried.words !== words) {
      tried = { words, id: acting.newId() };
    }
    const { id } = tried;
    isSending = true;
    setText(said, "Sending …");
    try {
      await intake.send(detailOf(incident, name, reason, id));
      tried = { words: "", id: "" };
      if (incident?.incident_id === about) {
        pending = id;
        text.value = "";
        setText(said, "Sent. It will be in the history in a moment.");
        onSent();
      }
    } catch (error) {
      if (error instanceof SignedOut) {
        onEnded(error);
      } else if (incident?.incident_id === about) {
        setText(said, reasonOf(error));
      }
    } finally {
      isSending = false;
    }
  }

  /** @param {OneIncident} of @param {string} act @param {string} reason @param {string} id */
  function detailOf(of, act, reason, id) {
    const { incident_id } = of;
    const now = clock.now();
    const end = act !== "mute" ? {} : length.value === "grows" ? { until_grows: true } : { until: untilOf(now) };
    return {
      ...{ incident_id, client_id: ownerOf(of), act, event_id: id, occurred_at: new Date(now).toISOString() },
      ...(reason === "" ? {} : { text: reason }),
      ...end,
    };
  }

  /** @param {number} now */
  const untilOf = (now) => new Date(now + Number(length.value) * HOUR_MILLISECONDS).toISOString();

  return {
    element: h("div", {}, form, advice, said),

    /** Whether something was sent that is in no history yet. */
    isPending: () => pending !== null,

    /** Forget what was begun: another incident is shown. */
    reset() {
      incident = null;
      pending = null;
      text.value = "";
      setText(said, "");
    },

    /** @param {OneIncident} known */
    update(known) {
      incident = known;
      const mayAct = isActing(acting.session.token(), acting.scope);
      setHidden(form, !mayAct || known.state !== "open");
      setHidden(advice, mayAct);
      setText(command, `run-ledger incidents acknowledge ${known.incident_id} --site ${acting.site}`);
      setHidden(mute, known.muted);
      setHidden(muteFor, known.muted);
      setHidden(unmute, !known.muted);
      if (pending !== null && known.history.some(({ event_id: id }) => id === pending)) {
        pending = null;
        setText(said, "Done: it is in the history.");
      }
    },
  };
}

/** @param {unknown} error */
function reasonOf(error) {
  if (error instanceof Unavailable) {
    return "It is not certain that it was taken. Try again: it counts once.";
  }
  if (error instanceof Forbidden) {
    return `${error.message} If you have been given the right lately, sign out and in again.`;
  }
  return error instanceof Error ? error.message : "It was not taken.";
}

/** @param {string} token @param {string} scope */
function isActing(token, scope) {
  try {
    return String(readClaims(token).scope).split(" ").includes(scope) && groupsOf(token).includes(ACT_GROUP);
  } catch {
    return false;
  }
}
