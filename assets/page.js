// What every screen has besides Streamlit: the one script of the document, with its texts in `lab-page`.

import { showFirstHints } from "./first_hints.js";
import { linkGlossary } from "./glossary_links.js";
import { followLivePage } from "./live_page.js";
import { translateStreamlit } from "./screen_reader.js";
import { keep, kept, within } from "./shared/browser.js";

const VIEW = "lab.view";
const EVERYTHING = "everything";
const SIGNING_IN = "lab-signing-in";

/**
 * Remember in this browser whether the visitor wants everything open, which the address says: an address that does not
 * say it begins as the last one ended. A slide's frame shows what the slide says.
 */
function rememberView() {
  const address = new URL(location.href);
  if (address.searchParams.get("embed") === "1") return;
  if (kept(VIEW) === EVERYTHING && !address.searchParams.has("view")) {
    address.searchParams.set("view", EVERYTHING);
    history.replaceState(history.state, "", address);
  }
  addEventListener("pagehide", () => keep(VIEW, new URL(location.href).searchParams.get("view") ?? ""));
}

/** A provider of identities sends a visitor back to the first screen: go on to where “Sign in” was pressed. */
function returnAfterSigningIn() {
  const was = sessionStorage.getItem(SIGNING_IN);
  const first = new URL(/** @type {any} */ (window).__streamlit.MAIN_PAGE_BASE_URL).pathname;
  if (was && location.pathname === first && !location.search) history.replaceState(null, "", was);
  sessionStorage.removeItem(SIGNING_IN);
  addEventListener("click", (event) => {
    if (within(event, '[class*="st-key-lab-sign-in-"]')) sessionStorage.setItem(SIGNING_IN, location.pathname + location.search);
  }, true);
}

const { phrases, glossary } = JSON.parse(document.getElementById("lab-page")?.textContent ?? "{}");
rememberView();
returnAfterSigningIn();
translateStreamlit(phrases);
followLivePage();
showFirstHints();
linkGlossary(glossary);
