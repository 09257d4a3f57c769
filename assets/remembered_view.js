// Remembers in this browser whether the visitor wants everything open, which the address says: an address that does not
// say it begins as the last one ended. A slide's frame shows what the slide says.

import { keep, kept } from "./shared/browser.js";

const VIEW = "lab.view";
const EVERYTHING = "everything";

export function rememberView() {
  const address = new URL(location.href);
  if (address.searchParams.get("embed") === "1") return;
  if (kept(VIEW) === EVERYTHING && !address.searchParams.has("view")) {
    address.searchParams.set("view", EVERYTHING);
    history.replaceState(history.state, "", address);
  }
  addEventListener("pagehide", () => keep(VIEW, new URL(location.href).searchParams.get("view") ?? ""));
}
