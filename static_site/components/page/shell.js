/** What surrounds the views: the header, the demo strip, and what stands in place of a view. */

import { h, setAttribute, setChildren, setHidden, setText } from "../../lib/dom.js";
import { createStatePanel } from "./state-panel.js";

/** After an announcement the next one waits so long, so that it doesn't interrupt. */
const QUIET_MILLISECONDS = 20_000;

/** @param {{ onSignIn: () => void, onSignOut: () => void }} parts */
export function createShell({ onSignIn, onSignOut }) {
  const main = byId("main");
  const nav = byId("nav");
  const account = byId("account");
  byId("sign-out").addEventListener("click", onSignOut);
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });

  let pending = "";
  let announcing = 0;

  function announcePending() {
    // the same words again are news, too
    byId("live").textContent = pending;
    pending = "";
    announcing = window.setTimeout(() => {
      announcing = 0;
      if (pending !== "") {
        announcePending();
      }
    }, QUIET_MILLISECONDS);
  }

  /** @param {string} text */
  function setTitle(text) {
    setText(byId("title"), `${text} · Run Ledger`);
  }

  /**
   * @param {string} title of the document
   * @param {Panel} panel
   */
  function showPanel(title, panel) {
    setTitle(title);
    const element = createStatePanel({ ...panel, heading: "h1" });
    setChildren(main, [element]);
    element.querySelector("h1")?.focus();
  }

  /** @param {boolean} isIn */
  function showAccountParts(isIn) {
    setHidden(nav, !isIn);
    setHidden(account, !isIn);
  }

  return {
    setTitle,

    /**
     * @param {string} place the entry of the navigation that the view to come belongs to
     * @param {boolean} isPlaceItself whether that entry leads to this very view
     */
    showPlace(place, isPlaceItself) {
      for (const link of nav.querySelectorAll("a")) {
        const isCurrent = link.hash === `#/${place}`;
        setAttribute(link, "aria-current", isCurrent ? (isPlaceItself ? "page" : "true") : null);
      }
    },

    /** @param {View} view */
    showView(view) {
      setTitle(view.title());
      setChildren(main, [view.element]);
    },

    /**
     * Tell screen readers something, but not too often: the last of several texts is told.
     *
     * @param {string} text
     */
    announce(text) {
      pending = text;
      if (announcing === 0) {
        announcePending();
      }
    },

    /** @param {string | null} email */
    showAccount(email) {
      showAccountParts(true);
      setText(byId("email"), email ?? "");
      setAttribute(byId("email"), "title", email);
    },

    /** @param {string | null} problem why, when nobody has asked for it */
    showSignedOut(problem) {
      showAccountParts(false);
      showPanel("Sign in", {
        shape: "door",
        title: "Sign in to see your jobs",
        text: [
          problem ??
            "Run Ledger shows which jobs run, how far they are, and what failed. " +
              "You need an account of your organisation.",
        ],
        actions: [{ label: "Sign in", run: onSignIn }],
      });
    },

    /** @param {string | null} email */
    showForbidden(email) {
      showAccountParts(false);
      const who = email === null ? "You are signed in" : `You are signed in as ${email}`;
      showPanel("No access yet", {
        shape: "lock",
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
      });
    },

    showUnknown() {
      showPanel("Not found", {
        shape: "search",
        title: "There is no such page",
        text: ["The address may have been cut short when it was copied."],
        actions: [{ label: "Overview", href: "#/overview" }],
      });
    },

    showUnloaded() {
      showPanel("Not available", {
        shape: "lost",
        title: "This page could not be fetched",
        text: ["Your network or Run Ledger may be down. Please try again."],
        actions: [{ label: "Try again", run: () => window.location.reload() }],
      });
    },

    /** @param {string} text */
    showBroken(text) {
      showAccountParts(false);
      showPanel("Not available", {
        shape: "lost",
        title: "Run Ledger can’t start",
        text: [text],
        actions: [{ label: "Try again", run: () => window.location.reload() }],
      });
    },

    /** @param {string} text */
    showWaiting(text) {
      setTitle(text);
      setChildren(main, [h("p", { class: "waiting", role: "status" }, text)]);
    },
  };
}

/** @param {string} id */
function byId(id) {
  const element = document.getElementById(id);
  if (element === null) {
    throw new Error(`index.html has no #${id}`);
  }
  return element;
}
