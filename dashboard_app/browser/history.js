// One entry in the browser's history for each page. When somebody goes to another page, Streamlit
// first pushes the old page without the filters that the new one lacks, and then the new page: the
// second entry takes the place of the first, so that one press of Back leads to the old page.
if (!window.runLedgerHistory) {
  window.runLedgerHistory = true;
  const push = history.pushState.bind(history);
  const SOON_MILLISECONDS = 1000;
  let pushedAt = -Infinity;
  history.pushState = (state, title, address) => {
    const isOtherPage = new URL(address ?? "", location.href).pathname !== location.pathname;
    const isSecond = isOtherPage && performance.now() - pushedAt < SOON_MILLISECONDS;
    pushedAt = isOtherPage ? -Infinity : performance.now();
    if (isSecond) {
      history.replaceState(state, title, address);
    } else {
      push(state, title, address);
    }
  };
}
