// Shows a screen's hint to who has not yet put it away, and remembers in this browser what was put away: nobody else
// needs to know. Hints come with the page, hidden.

import { afterChanges, keep, kept, within } from "./shared/browser.js";

const HINTS = "lab.hints";
const NO_HINTS = "off";

export function showFirstHints() {
  /** @type {string[]} names of hints, or `NO_HINTS` among them */
  let away = [];
  try {
    away = JSON.parse(kept(HINTS) ?? "[]");
  } catch {
    // not ours
  }
  const show = () => {
    for (const hint of elements(".lab-hint")) hide(hint, away.includes(NO_HINTS) || away.includes(hint.dataset.hint ?? ""));
    for (const again of elements(".lab-hints-again")) hide(again, away.length === 0);
  };
  document.addEventListener("click", (event) => {
    const button = within(event, ".lab-hint button, .lab-hints-again");
    if (!button) return;
    const name = button.classList.contains("off") ? NO_HINTS : (/** @type {any} */ (button.closest(".lab-hint"))?.dataset.hint);
    away = button.classList.contains("lab-hints-again") ? [] : [...away, name];
    keep(HINTS, JSON.stringify(away));
    show();
  });
  afterChanges(show);
}

/** @param {string} selector @returns {NodeListOf<HTMLElement>} */
function elements(selector) {
  return document.querySelectorAll(selector);
}

/** @param {HTMLElement} element @param {boolean} hidden */
function hide(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}
