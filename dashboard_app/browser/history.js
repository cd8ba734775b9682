// One entry in the browser's history for each page. When somebody goes to another page, Streamlit
// first pushes the old page without the filters that the new one lacks, once or more, and then the
// new page: each entry takes the place of the one just before, so that one press of Back leads to
// the old page.
// There Streamlit takes out of the address what filters of both pages held on the page that was
// left: that change is left out, and Back said again, so that the page has the filters that it had. What
// the app itself adds to an address makes no entry, since Back would lead to it for ever: the time
// zone, and the filters that a page puts there as soon as it has come.
if (!window.runLedgerHistory) {
  window.runLedgerHistory = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  const SOON_MILLISECONDS = 1000;
  let arrivedAt = -Infinity;
  let cameBackAt = -Infinity;
  let pushedAt = -Infinity;
  history.pushState = (state, title, address) => {
    const wanted = new URL(address ?? "", location.href);
    const isOtherPage = wanted.pathname !== location.pathname;
    const isZone = wanted.searchParams.has("tz") && !new URLSearchParams(location.search).has("tz");
    if (isZone && !isOtherPage) {
      replace(state, title, address);
      return;
    }
    const now = performance.now();
    const isSecond = now - pushedAt < SOON_MILLISECONDS;
    const isOfPage = !isOtherPage && now - arrivedAt < SOON_MILLISECONDS;
    pushedAt = isOtherPage || isOfPage ? -Infinity : now;
    arrivedAt = isOtherPage ? now : arrivedAt;
    if (isSecond || isOfPage) {
      replace(state, title, address);
    } else {
      push(state, title, address);
    }
  };
  history.replaceState = (state, title, address) => {
    const wanted = new URL(address ?? "", location.href);
    const isOfBack = performance.now() - cameBackAt < SOON_MILLISECONDS;
    const isSamePage = wanted.pathname === location.pathname;
    if (isOfBack && isSamePage && wanted.search.length < location.search.length) {
      cameBackAt = -Infinity;
      setTimeout(() => dispatchEvent(new PopStateEvent("popstate", { state: history.state })));
    } else {
      replace(state, title, address);
    }
  };
  addEventListener("popstate", ({ isTrusted }) => {
    cameBackAt = isTrusted ? performance.now() : -Infinity;
  });
}
