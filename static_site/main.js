/** Where everything is put together. The only module that reaches for the browser's globals. */

import { createShell } from "./components/page/shell.js";
import { createApi } from "./lib/api.js";
import { loadConfig } from "./lib/config.js";
import { createFormat } from "./lib/format.js";
import { Forbidden, SignedOut, SiteError, Unavailable } from "./lib/problems.js";
import { readRoute } from "./lib/route.js";
import { createSession, isSignInAnswer } from "./lib/session.js";
import { createClientView } from "./views/client-view.js";
import { createClientsView } from "./views/clients-view.js";
import { createErrorsView } from "./views/errors-view.js";
import { createJobView } from "./views/job-view.js";
import { createJobsView } from "./views/jobs-view.js";
import { createOverviewView } from "./views/overview-view.js";
import { createProjectsView } from "./views/projects-view.js";

const TICK_MILLISECONDS = 1000;

const fetch = (input, init) => window.fetch(input, init);

const clock = {
  now: () => Date.now(),
  setTimeout: (callback, milliseconds) => window.setTimeout(callback, milliseconds),
  clearTimeout: (handle) => window.clearTimeout(handle),
  random: () => Math.random(),
};

async function start() {
  let session = null;
  const tabs = new BroadcastChannel("run-ledger");
  const shell = createShell({
    onSignIn: () => void session?.begin(window.location.hash),
    onSignOut() {
      tabs.postMessage("signed-out");
      session?.signOut();
    },
  });
  // whoever signs out means all tabs: another one must not go on showing what it may not
  tabs.addEventListener("message", () => {
    session?.forget();
    window.location.reload();
  });
  try {
    const config = await loadConfig(fetch, window.location.href);
    const demo = document.getElementById("demo");
    demo?.toggleAttribute("hidden", !config.demo);
    session = createSession({
      config,
      redirectUri: `${window.location.origin}/`,
      storage: window.sessionStorage,
      crypto: window.crypto,
      fetch,
      now: clock.now,
      goTo: (address) => window.location.assign(address),
    });
    openSite({ config, session, shell });
  } catch (error) {
    shell.showBroken(
      error instanceof SiteError
        ? `Its settings can’t be read: ${error.message}.`
        : "Something in this page is broken. Please tell whoever runs it.",
    );
    throw error;
  }
}

function openSite({ config, session, shell }) {
  let isOpen = false;

  function onEnded(error) {
    isOpen = false;
    current?.hide();
    const isForbidden = error instanceof Forbidden;
    if (!session.isFresh()) {
      // groups may have changed since the sign-in, which renewed tokens need not know
      shell.showWaiting(isForbidden ? "Checking what you may see …" : "Your session has ended …");
      void session.begin(window.location.hash);
    } else if (isForbidden) {
      shell.showForbidden(session.email());
    } else {
      shell.showSignedOut(
        "You have signed in, but Run Ledger doesn’t accept it. " +
          "Please tell whoever runs it, or try once more.",
      );
    }
  }

  const context = {
    api: createApi({ base: config.api_base, session, fetch }),
    format: createFormat(),
    clock,
    isHidden: () => document.hidden,
    isOffline: () => !navigator.onLine,
    onEnded,
    announce: shell.announce,
    navigate(hash) {
      window.location.hash = hash;
    },
  };
  const jobs = createJobsView(context);
  /** Each view with the entry of the navigation that it belongs to. */
  const views = {
    overview: { view: createOverviewView(context), place: "overview" },
    jobs: { view: jobs, place: "jobs" },
    job: { view: createJobView(context, jobs.hash), place: "jobs" },
    errors: { view: createErrorsView(context), place: "errors" },
    projects: { view: createProjectsView(context), place: "projects" },
    clients: { view: createClientsView(context), place: "clients" },
    client: { view: createClientView(context), place: "clients" },
  };
  let current = null;
  let currentId;

  /** `isMove`: another place was open before. */
  function openRoute(isMove) {
    if (!isOpen) {
      return;
    }
    const route = readRoute(window.location.hash);
    const before = current;
    before?.hide();
    if (route.view === "unknown") {
      current = null;
      shell.showUnknown();
      return;
    }
    const { view, place } = views[route.view];
    const isElsewhere = before !== view || route.id !== currentId;
    current = view;
    currentId = route.id;
    shell.showView(view, view.title(), place, route.view === place);
    view.show(route);
    shell.setTitle(view.title());
    if (isMove && isElsewhere) {
      focusAfterMove(before === views.job.view ? before.shownId() : null);
    }
  }

  async function open() {
    const query = new URLSearchParams(window.location.search);
    if (isSignInAnswer(query)) {
      const hash = session.returnTo();
      window.history.replaceState(null, "", `${window.location.pathname}${hash}`);
      shell.showWaiting("Signing you in …");
      await session.complete(query);
    } else if (session.canRenew()) {
      shell.showWaiting("Opening Run Ledger …");
      await session.renew();
    } else {
      shell.showSignedOut(null);
      return;
    }
    enter();
  }

  function enter() {
    isOpen = true;
    shell.showAccount(session.email());
    openRoute(false);
  }

  async function openOrExplain() {
    try {
      await open();
    } catch (error) {
      if (error instanceof Unavailable && session.canRenew()) {
        enter();
      } else if (error instanceof SignedOut) {
        shell.showSignedOut("Your session has ended. Sign in to go on where you were.");
      } else {
        const reason = error instanceof SiteError ? ` (${error.message})` : "";
        shell.showSignedOut(`Signing in did not work${reason}. Please try again.`);
      }
    }
  }

  window.addEventListener("hashchange", () => openRoute(true));
  window.addEventListener("pageshow", (event) => {
    // back from the sign-in page without signing in: the page is as it was left, on its way there
    if (event.persisted && !isOpen) {
      window.location.reload();
    }
  });
  window.addEventListener("online", () => current?.poll.hurry());
  document.addEventListener("visibilitychange", () =>
    document.hidden ? current?.poll.relax() : current?.poll.hurry(),
  );
  window.setInterval(() => {
    if (isOpen && current !== null && !document.hidden) {
      current.tick();
      shell.setTitle(current.title());
      shell.showAccount(session.email());
    }
  }, TICK_MILLISECONDS);
  void openOrExplain();
}

function focusAfterMove(fromJobId) {
  const row = [...document.querySelectorAll("[data-job-id]")].find(
    (element) => element.getAttribute("data-job-id") === fromJobId,
  );
  const target = row?.querySelector("a") ?? document.querySelector("#main h1");
  if (target instanceof HTMLElement) {
    target.focus({ preventScroll: true });
  }
}

void start();
