// What a page owes its reader while it is drawn again and again: news that are spoken once each, however often they are
// drawn, and a chart's table that stays open when its numbers are replaced.

import { make, write } from "./shared/elements.js";

const CHART_TABLE = "details.lab-chart-table";

export function followLivePage() {
  /** @type {HTMLElement | null} */
  let status = null;
  /** @type {Set<string | undefined>} charts whose table is open: the table itself is replaced */
  const open = new Set();

  const speak = () => {
    const news = [...document.querySelectorAll(".lab-news")].map((one) => one.textContent).join(" ");
    if (!status) {
      if (!news) return;
      status = make("div", { class: "lab-spoken", role: "status" }); // a screen reader hears only what changes in an element it knows
      document.body.append(/** @type {HTMLElement} */ (status));
    }
    if (status) write(status, news);
  };
  const tablesIn = (/** @type {Node} */ node) => {
    if (!(node instanceof Element)) return [];
    return node.matches(CHART_TABLE) ? [node] : open.size && node.firstElementChild ? node.querySelectorAll(CHART_TABLE) : [];
  };
  new MutationObserver((records) => {
    for (const { addedNodes } of records) {
      for (const added of addedNodes) {
        for (const table of /** @type {Iterable<any>} */ (tablesIn(added))) if (open.has(table.dataset.chart)) table.open = true;
      }
    }
    speak();
  }).observe(document, { subtree: true, childList: true, characterData: true });
  addEventListener("toggle", ({ target }) => {
    if (!(target instanceof HTMLDetailsElement) || !target.matches(CHART_TABLE) || !target.isConnected) return;
    if (target.open) open.add(target.dataset.chart);
    else open.delete(target.dataset.chart);
  }, true);
}
