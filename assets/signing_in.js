// A provider of identities sends a visitor back to the first screen: this goes on to where “Sign in” was pressed.

import { within } from "./shared/browser.js";

const SIGNING_IN = "lab-signing-in";

export function returnAfterSigningIn() {
  const was = sessionStorage.getItem(SIGNING_IN);
  const first = new URL(/** @type {any} */ (window).__streamlit.MAIN_PAGE_BASE_URL).pathname;
  if (was && location.pathname === first && !location.search) history.replaceState(null, "", was);
  sessionStorage.removeItem(SIGNING_IN);
  addEventListener("click", (event) => {
    if (within(event, '[class*="st-key-lab-sign-in-"]')) sessionStorage.setItem(SIGNING_IN, location.pathname + location.search);
  }, true);
}
