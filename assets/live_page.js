// What a page owes its reader while it is drawn again and again: news that are spoken once each, however often they are
// drawn, and a chart's table that stays open when its numbers are replaced.
(() => {
  let spoken = null;
  const open = new WeakSet();  // boxes whose table is open: the table itself is replaced

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
  const draw = records => {
    for (const { addedNodes } of records)
      for (const added of addedNodes)
        if (added.matches?.(".lab-chart-table") && open.has(added.parentElement)) added.open = true;
    speak();
  };
  addEventListener("toggle", ({ target }) => {
    if (!target.matches?.(".lab-chart-table") || !target.isConnected) return;
    if (target.open) open.add(target.parentElement);
    else open.delete(target.parentElement);
  }, true);
  new MutationObserver(draw).observe(document, { subtree: true, childList: true, characterData: true });
})()
