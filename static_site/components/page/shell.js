/** What surrounds the views: the header, the demo strip, and the pages of the whole site. */

import { h, setAttribute, setChildren, setHidden, setText } from "../../lib/dom.js";
import { createStatePanel } from "./state-panel.js";

const QUIET_MILLISECONDS = 20_000;

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
  let speaking = 0;

  function sayPending() {
    byId("live").textContent = pending; // also what has been said before: it is new
    pending = "";
    speaking = setTimeout(() => {
      speaking = 0;
      if (pending !== "") {
        sayPending();
      }
    }, QUIET_MILLISECONDS);
  }

  function setTitle(text) {
    setText(document.querySelector("title"), `${text} · Run Ledger`);
  }

  function showPanel(title, panel) {
    setTitle(title);
    setChildren(main, [panel]);
    panel.querySelector("h1")?.focus();
  }

  function showAccountParts(isIn) {
    setHidden(nav, !isIn);
    setHidden(account, !isIn);
  }

  return {
    setTitle,

    /** Show a view; `place` is the entry of the navigation that it belongs to. */
    showView(view, title, place, isPlaceItself) {
      setTitle(title);
      for (const link of nav.querySelectorAll("a")) {
        const isCurrent = link.hash === `#/${place}`;
        setAttribute(link, "aria-current", isCurrent ? (isPlaceItself ? "page" : "true") : null);
      }
      setChildren(main, [view.element]);
    },

    /** Say something to those who can't see it, not too often: what comes last counts. */
    announce(text) {
      pending = text;
      if (speaking === 0) {
        sayPending();
      }
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
          actions: [{ label: "Overview", href: "#/overview" }],
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

function byId(id) {
  const element = document.getElementById(id);
  if (element === null) {
    throw new Error(`index.html has no #${id}`);
  }
  return element;
}
