// A provider of identities sends one back to the first screen: this goes on to where one pressed “Sign in”.
(() => {
  const KEY = "lab-signing-in";
  const was = sessionStorage.getItem(KEY);
  const first = new URL(window.__streamlit.MAIN_PAGE_BASE_URL).pathname;
  if (was && location.pathname === first && !location.search) history.replaceState(null, "", was);
  sessionStorage.removeItem(KEY);
  addEventListener("click", (event) => {
    if (!event.target.closest?.('[class*="st-key-lab-sign-in-"]')) return;
    sessionStorage.setItem(KEY, location.pathname + location.search);
  }, true);
})()
