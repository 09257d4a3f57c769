// Remembers in this browser whether the visitor wants everything open, which the address says: an address that does not
// say it begins as the last one ended. A slide's frame shows what the slide says.
(() => {
  const KEY = "lab.view", EVERYTHING = "everything";
  const address = () => new URL(location.href);
  if (address().searchParams.get("embed") === "1") return;
  const kept = () => { try { return localStorage.getItem(KEY); } catch { return null; /* a private window */ } };
  const keep = view => { try { localStorage.setItem(KEY, view); } catch { /* a private window: until it is closed */ } };
  if (kept() === EVERYTHING && !address().searchParams.has("view")) {
    const whole = address();
    whole.searchParams.set("view", EVERYTHING);
    history.replaceState(history.state, "", whole);
  }
  addEventListener("pagehide", () => keep(address().searchParams.get("view") ?? ""));
})()
