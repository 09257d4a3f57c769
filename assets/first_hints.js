// Shows a screen's hint to who has not yet put it away, and remembers in this browser what was put away: nobody else
// needs to know. Hints come with the page, hidden.
(() => {
  const KEY = "lab.hints", OFF = "off";
  const read = () => { try { return JSON.parse(localStorage.getItem(KEY) ?? "[]"); } catch { return []; } };
  let away = read();  // names of hints, or OFF among them
  const keep = names => {
    away = names;
    try { localStorage.setItem(KEY, JSON.stringify(names)); } catch { /* a private window: until it is closed */ }
    show();
  };
  const set = (element, hidden) => { if (element.hidden !== hidden) element.hidden = hidden; };
  const show = () => {
    for (const hint of document.querySelectorAll(".lab-hint"))
      set(hint, away.includes(OFF) || away.includes(hint.dataset.hint));
    for (const again of document.querySelectorAll(".lab-hints-again")) set(again, away.length === 0);
  };
  document.addEventListener("click", event => {
    const button = event.target.closest?.(".lab-hint button, .lab-hints-again");
    if (!button) return;
    if (button.classList.contains("lab-hints-again")) keep([]);
    else if (button.classList.contains("off")) keep([...away, OFF]);
    else keep([...away, button.closest(".lab-hint").dataset.hint]);
  });
  let due = 0;
  const soon = () => { due ||= requestAnimationFrame(() => { due = 0; show(); }); };
  new MutationObserver(soon).observe(document, { subtree: true, childList: true });
})()
