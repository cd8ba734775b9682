// One entry in the browser's history for each page, however slow the machine is: what a person does
// opens an entry; what Streamlit adds to the history after that, by itself, takes that entry's place.
// When somebody goes to another page, Streamlit first changes the address of the old one, once or
// more: it takes out the filters that the new page lacks, or names the job that is opened. Then it
// adds the new page, in the place of such changes. What a person does while a page is still coming
// changes nothing in it: only going to yet another page counts, and the old one then keeps the
// address at which it came. What the app itself adds to an address makes no entry, since Back would
// lead to it for ever: the time zone, and the filters that a page puts there as soon as it has come.
// After Back, Streamlit takes out of the address what filters of both pages held on the page that was
// left: that change is left out, and Back said again, so that the page has the filters that it had.
if (!window.runLedgerHistory) {
  window.runLedgerHistory = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let isComing = true; // the page was not yet seen to stand still
  let hasActed = false; // a person did something since the last entry
  let hasActedEarly = false; // while the page was coming
  let isChange = false; // the last entry is a change of the address of one page
  let hasRun = false; // the page's script came to its end since that change
  let cameAt = ""; // the address of a page that is coming, before what leads to another page
  let cameBack = false;
  const standsStill = () =>
    document.querySelector("[data-testid=stApp]")?.getAttribute("data-test-script-state") === "notRunning";
  // an address of the list that names a job leads on to the job's page, after one run of the list's
  const leadsOn = () => location.pathname !== "/job" && new URLSearchParams(location.search).has("job");
  const act = ({ isTrusted }) => {
    if (!isTrusted) {
      return;
    }
    const isStill = standsStill();
    if (isComing && !isStill) {
      hasActedEarly = true;
      return;
    }
    isComing = cameBack = false;
    hasActed = true;
    isChange &&= !(isStill && hasRun) || leadsOn();
  };
  const come = () => {
    isComing = true;
    hasActed = hasActedEarly = isChange = false;
    cameAt = location.href;
  };
  new MutationObserver(() => {
    hasRun ||= standsStill();
  }).observe(document, { attributeFilter: ["data-test-script-state"], subtree: true });
  for (const name of ["pointerdown", "keydown", "click"]) {
    // a screen reader may click alone
    addEventListener(name, act, true);
  }
  history.pushState = (state, title, address) => {
    const wanted = new URL(address ?? "", location.href);
    if (wanted.pathname !== location.pathname) {
      const isForwarded = !hasActed && !hasActedEarly;
      if (isForwarded || isChange) {
        replace(state, title, address);
      } else {
        if (isComing) {
          replace(history.state, title, cameAt);
        }
        push(state, title, address);
      }
      come();
      return;
    }
    const isZone = wanted.searchParams.has("tz") && !new URLSearchParams(location.search).has("tz");
    if (isZone || isChange || !hasActed) {
      replace(state, title, address);
      cameAt = hasActedEarly ? cameAt : location.href;
    } else {
      push(state, title, address);
      isChange = true;
      hasActed = hasRun = false;
    }
  };
  history.replaceState = (state, title, address) => {
    const wanted = new URL(address ?? "", location.href);
    const isSamePage = wanted.pathname === location.pathname;
    if (cameBack && isSamePage && wanted.search.length < location.search.length) {
      cameBack = false;
      setTimeout(() => dispatchEvent(new PopStateEvent("popstate", { state: history.state })));
    } else {
      replace(state, title, address);
      cameAt = location.href;
    }
  };
  addEventListener("popstate", ({ isTrusted }) => {
    cameBack = isTrusted;
    if (isTrusted) {
      come();
    }
  });
  come();
}
