// What a page owes its reader while it is drawn again and again: news that are spoken once each, however often they are
// drawn, and a chart's table that stays open when its numbers are replaced.
(() => {
  const TABLE = "details.lab-chart-table";
  let spoken = null;
  const open = new Set();  // charts whose table is open: the table itself is replaced

  const speak = () => {
    const news = [...document.querySelectorAll(".lab-news")].map(one => one.textContent).join(" ");
    if (!spoken) {
      if (!news) return;
      spoken = document.createElement("div");  // a screen reader hears only what changes in an element it knows
      spoken.className = "lab-spoken";
      spoken.setAttribute("role", "status");
      document.body.append(spoken);
    }
    if (spoken.textContent !== news) spoken.textContent = news;
  };
  const tablesIn = node =>
    node.matches?.(TABLE) ? [node] : open.size && node.firstElementChild ? node.querySelectorAll(TABLE) : [];
  const draw = records => {
    for (const { addedNodes } of records)
      for (const added of addedNodes)
        for (const table of tablesIn(added)) if (open.has(table.dataset.chart)) table.open = true;
    speak();
  };
  addEventListener("toggle", ({ target }) => {
    if (!target.matches?.(TABLE) || !target.isConnected) return;
    if (target.open) open.add(target.dataset.chart);
    else open.delete(target.dataset.chart);
  }, true);
  new MutationObserver(draw).observe(document, { subtree: true, childList: true, characterData: true });
})()
