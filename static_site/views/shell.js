/** What surrounds the views: the header, the demo strip, and the pages of the whole site. */

import { h, setAttribute, setChildren, setText } from "../lib/dom.js";
import { createStatePanel } from "./state-panel.js";

/**
 * @typedef {object} Shell
 * @property {(view: { element: Element }, title: string, place: "page" | "true") => void} showView
 * @property {(email: string | null) => void} showAccount
 * @property {(problem: string | null) => void} showSignedOut
 * @property {(email: string | null) => void} showForbidden
 * @property {() => void} showUnknown
 * @property {(text: string) => void} showBroken
 * @property {(text: string) => void} showWaiting
 * @property {(text: string) => void} setTitle
 */

/**
 * @param {object} parts
 * @param {() => void} parts.onSignIn
 * @param {() => void} parts.onSignOut
 * @returns {Shell}
 */
export function createShell({ onSignIn, onSignOut }) {
  const main = byId("main");
  const nav = byId("nav");
  const account = byId("account");
  byId("sign-out").addEventListener("click", onSignOut);
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });

  /** @param {string} text */
  function setTitle(text) {
    document.title = `${text} · Run Ledger`;
  }

  /**
   * @param {string} title
   * @param {Element} panel
   */
  function showPanel(title, panel) {
    setTitle(title);
    setChildren(main, [panel]);
    panel.querySelector("h1")?.focus();
  }

  /** @param {boolean} isIn */
  function showAccountParts(isIn) {
    nav.hidden = !isIn;
    account.hidden = !isIn;
  }

  return {
    setTitle,

    showView(view, title, place) {
      setTitle(title);
      setAttribute(byId("nav-jobs"), "aria-current", place);
      setChildren(main, [view.element]);
    },

    showAccount(email) {
      showAccountParts(true);
      setText(byId("email"), email ?? "");
      setAttribute(byId("email"), "title", email);
    },

    showSignedOut(problem) {
      showAccountParts(false);
      showPanel(
        "Sign in",
        createStatePanel({
          shape: "door",
          heading: "h1",
          title: "Sign in to see your jobs",
          text: [
            problem ??
              "Run Ledger shows which jobs run, how far they are, and what failed. " +
                "You need an account of your organisation.",
          ],
          actions: [{ label: "Sign in", run: onSignIn }],
        }),
      );
    },

    showForbidden(email) {
      showAccountParts(false);
      const who = email === null ? "You are signed in" : `You are signed in as ${email}`;
      showPanel(
        "No access yet",
        createStatePanel({
          shape: "lock",
          heading: "h1",
          title: "You have no access yet",
          text: [
            `${who}, but nobody has said yet which clients’ jobs you may see.`,
            "Ask whoever runs Run Ledger in your organisation to add you to your client’s group, " +
              "or to the staff group. Then try again.",
          ],
          actions: [
            { label: "Try again", run: onSignIn },
            { label: "Sign out", run: onSignOut, quiet: true },
          ],
        }),
      );
    },

    showUnknown() {
      showPanel(
        "Not found",
        createStatePanel({
          shape: "search",
          heading: "h1",
          title: "There is no such page",
          text: ["The address may have been cut short when it was copied."],
          actions: [{ label: "All jobs", href: "#/jobs" }],
        }),
      );
    },

    showBroken(text) {
      showAccountParts(false);
      showPanel(
        "Not available",
        createStatePanel({
          shape: "lost",
          heading: "h1",
          title: "Run Ledger can’t start",
          text: [text],
          actions: [{ label: "Try again", run: () => window.location.reload() }],
        }),
      );
    },

    showWaiting(text) {
      setTitle(text);
      setChildren(main, [h("p", { class: "waiting", role: "status" }, text)]);
    },
  };
}

/** @param {string} id an element of index.html */
function byId(id) {
  const element = document.getElementById(id);
  if (element === null) {
    throw new Error(`index.html has no #${id}`);
  }
  return element;
}
