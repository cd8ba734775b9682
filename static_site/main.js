/** Where everything is put together. The only module that reaches for the browser's globals. */

import { createShell } from "./components/page/shell.js";
import { createApi } from "./lib/api.js";
import { loadConfig } from "./lib/config.js";
import { loadStyle } from "./lib/dom.js";
import { createFormat } from "./lib/format.js";
import { Forbidden, SignedOut, SiteError, Unavailable } from "./lib/problems.js";
import { listHash, readRoute } from "./lib/route.js";
import { createSession } from "./lib/session.js";
import { isSignInAnswer } from "./lib/sign-in.js";
import { createTabs } from "./lib/tabs.js";
import { VIEWS } from "./views.js";

const TICK_MILLISECONDS = 1000;

/** @type {Fetch} */
const fetch = (input, init) => window.fetch(input, init);

/** @type {Clock} */
const clock = {
  now: () => Date.now(),
  setTimeout: (callback, milliseconds) => window.setTimeout(callback, milliseconds),
  clearTimeout: (handle) => window.clearTimeout(handle),
  random: () => Math.random(),
};

async function start() {
  /** @type {Session | null} */
  let session = null;
  /** @type {ReturnType<typeof openSite> | null} */
  let site = null;
  const tabs = createTabs({
    channel: new BroadcastChannel("run-ledger"),
    newId: () => crypto.randomUUID(),
    share: () => session?.share() ?? null,
    // none of the tabs may go on showing data
    onSignedOut() {
      site?.close();
      session?.end();
      window.location.reload();
    },
    onGiven: (refreshToken) => site?.goOn(refreshToken),
  });
  const shell = createShell({
    onSignIn: () => void session?.begin(window.location.hash),
    onSignOut() {
      site?.close();
      tabs.signedOut();
      session?.signOut();
    },
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
    site = openSite({ config, session, shell, tabs });
  } catch (error) {
    shell.showBroken(
      error instanceof SiteError
        ? `Its settings can’t be read: ${error.message}.`
        : "Something in this page is broken. Please tell whoever runs it.",
    );
    throw error;
  }
}

/**
 * @param {object} parts
 * @param {Config} parts.config
 * @param {Session} parts.session
 * @param {Shell} parts.shell
 * @param {Tabs} parts.tabs
 */
function openSite({ config, session, shell, tabs }) {
  let isOpen = false;
  let isShown = false;
  /** Whether the sign-in page is shown because no tab has a session yet. */
  let isWaiting = false;

  /** Whether the ledger tells of changes; while it doesn't, views ask by themselves. */
  let isLive = false;
  /** @type {ReturnType<typeof import("./feeds/push.js").createPush> | undefined} */
  let push;

  /** Open a socket, to hear of changes; loaded after the first view. */
  async function listen() {
    const { push_url: address } = config;
    const loaded = address && (await import("./feeds/push.js").catch(() => null));
    if (address && loaded && isOpen) {
      push ??= loaded.createPush({
        open: () => new WebSocket(address),
        session,
        clock,
        onNews: () => current?.poll.hear(),
        onLive(is) {
          isLive = is;
          // what came before it is not told; and what comes after it only to who asks
          current?.poll[is ? "hear" : "hurry"]();
        },
      });
      push.start();
    }
  }

  function leave() {
    isOpen = false;
    isLive = false;
    push?.stop();
    current?.hide();
  }

  /** @param {unknown} error */
  function onEnded(error) {
    leave();
    const isForbidden = error instanceof Forbidden;
    if (!session.isFresh()) {
      // the person's groups may have changed since the sign-in, which renewed tokens may not know
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

  /** Load the other views, so that they open at once, and without a network, too. */
  function onShown() {
    void listen();
    if (!isShown) {
      isShown = true;
      void readZone();
      for (const [name, { isApart }] of Object.entries(VIEWS)) {
        if (!isApart) {
          void viewOf(name);
        }
      }
    }
  }

  /** @type {ReturnType<typeof import("./components/page/zone-note.js").createZoneNote> | undefined} */
  let zoneNote;

  /** Show times in the zone of the address, and which it is; loaded after the first view. */
  async function readZone() {
    // without a network the zone stays as it is
    const loaded = await import("./components/page/zone-note.js").catch(() => null);
    zoneNote ??= loaded?.createZoneNote(context.format, () => current?.update());
    zoneNote?.read();
  }

  /** @type {Context} */
  const context = {
    api: createApi({ base: config.api_base, session, fetch }),
    acting: config.intake_base === null ? null : {
      base: config.intake_base,
      session,
      fetch,
      scope: config.act_scope ?? "",
      newId: () => crypto.randomUUID(),
      site: window.location.origin,
    },
    format: createFormat(),
    clock,
    token: session.token,
    isHidden: () => document.hidden,
    isLive: () => isLive,
    isOffline: () => !navigator.onLine,
    onEnded,
    onShown,
    announce: shell.announce,
    navigate(hash) {
      window.location.hash = hash;
    },
  };
  /** @type {Map<string, Promise<View | null>>} */
  const views = new Map();
  /** @type {Set<string>} the views that open at once */
  const made = new Set();
  /** @type {View | null} */
  let current = null;
  /** @type {Route} */
  let currentRoute = { view: "" };
  let listAddress = "#/jobs";

  /**
   * Return a view, made when it is first wanted; null when its files can't be had.
   *
   * @param {string} name
   */
  function viewOf(name) {
    const view =
      views.get(name) ??
      loadView(VIEWS[name]).then(
        (create) => {
          made.add(name);
          return create(context, () => listAddress);
        },
        () => {
          views.delete(name);
          return null;
        },
      );
    views.set(name, view);
    return view;
  }

  /** @param {boolean} isMove whether another place was open before */
  async function openRoute(isMove) {
    if (!isOpen) {
      return;
    }
    const route = readRoute(window.location.hash);
    const [before, beforeRoute] = [current, currentRoute];
    before?.hide();
    current = null;
    currentRoute = route;
    if (/[?&]tz=/.test(window.location.hash) || window.sessionStorage.getItem("run-ledger.zone")) {
      await readZone();
    }
    if (route.view === "unknown") {
      shell.showUnknown();
      return;
    }
    const { entry } = VIEWS[route.view];
    shell.showPlace(entry, route.view === entry);
    if (isMove && !made.has(route.view)) {
      // what is left stands still, and must not pass for live
      shell.showWaiting("Loading …");
    }
    const view = await viewOf(route.view);
    if (currentRoute !== route || !isOpen) {
      // somebody has gone elsewhere meanwhile, or the session has ended
      return;
    }
    if (view === null) {
      shell.showUnloaded();
      return;
    }
    if (route.view === "jobs") {
      listAddress = listHash("jobs", route.filters);
    }
    current = view;
    shell.showView(view);
    view.show(route);
    shell.setTitle(view.title());
    if (isMove && (before !== view || route.id !== beforeRoute.id)) {
      focusAfterMove(beforeRoute.view === "job" ? beforeRoute.id : undefined);
    }
  }

  /** Load the view to come while the sign-in service answers. */
  function preload() {
    const { view } = readRoute(window.location.hash);
    if (view !== "unknown") {
      void viewOf(view);
    }
  }

  /** Whether there is a session to go on with: that of this tab, or of another one. */
  async function canGoOn() {
    if (session.canRenew()) {
      return true;
    }
    const shared = await tabs.ask();
    if (shared !== null) {
      session.takeOver(shared);
    }
    return shared !== null;
  }

  async function open() {
    const query = new URLSearchParams(window.location.search);
    if (isSignInAnswer(query)) {
      const { hash: chosen } = window.location;
      // somebody may have followed a link of the page while this module was on its way
      const hash = chosen.startsWith("#/") ? chosen : session.returnTo();
      window.history.replaceState(null, "", `${window.location.pathname}${hash}`);
      shell.showWaiting("Signing you in …");
      preload();
      await session.complete(query);
    } else {
      shell.showWaiting("Opening Run Ledger …");
      if (!(await canGoOn())) {
        isWaiting = true;
        shell.showSignedOut(null);
        return;
      }
      preload();
      await session.renew();
    }
    enter();
  }

  function enter() {
    isOpen = true;
    tabs.signedIn();
    shell.showAccount(session.email());
    void openRoute(false);
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

  window.addEventListener("hashchange", () => void openRoute(true));
  window.addEventListener("pageshow", (event) => {
    // somebody came back from the sign-in page without signing in: the page is as it was left
    if (event.persisted && !isOpen) {
      window.location.reload();
    }
  });
  /** Look at once how things are: the reader, or the network, has come or gone. */
  function look() {
    current?.poll.hurry();
    push?.check();
  }

  window.addEventListener("online", look);
  window.addEventListener("offline", look);
  document.addEventListener("visibilitychange", () =>
    document.hidden ? current?.poll.relax() : look(),
  );
  window.setInterval(() => {
    if (isOpen && current !== null && !document.hidden) {
      current.tick();
      shell.setTitle(current.title());
      shell.showAccount(session.email());
    }
  }, TICK_MILLISECONDS);
  void openOrExplain();
  return {
    /** Ask nothing any more: a question that finds no session would lead to the sign-in pages. */
    close() {
      isWaiting = false;
      leave();
    },

    /**
     * Open the site where it waits for a session that another tab has now.
     *
     * @param {string} refreshToken what that tab has shared
     */
    goOn(refreshToken) {
      if (!isWaiting) {
        return;
      }
      isWaiting = false;
      session.takeOver(refreshToken);
      void openOrExplain();
    },
  };
}

/** @param {Place} place */
async function loadView({ load, styles }) {
  const [create] = await Promise.all([load(), ...styles.map(loadStyle)]);
  return create;
}

/**
 * Focus the row of the job that somebody comes back from, or else the heading.
 *
 * @param {string} [fromJobId]
 */
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
