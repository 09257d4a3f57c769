// Marks the first use of each term of the glossary on a screen, and lists these terms at its end, where the keyboard
// finds them; a mark and an entry of the list lead to the term. `terms` has, by language, {name: its forms}; `titles`
// what the list is called. No text is changed: the marks are highlights over it, so the page's own code never notices.
((terms, titles) => {
  const OUTSIDE = "a, button, code, pre, h1, h2, h3, input, textarea, label, summary, .katex, [role=option], " +
    "[role=radiogroup], [data-testid=stTable], [data-testid=stVegaLiteChart], .stPlotlyChart, .lab-terms, .lab-term, .lab-map";
  const escaped = text => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const patterns = {}, names = {};
  for (const [language, forms] of Object.entries(terms)) {
    names[language] = new Map(Object.entries(forms).flatMap(([name, all]) => all.map(form => [form.toLowerCase(), name])));
    const longestFirst = [...names[language].keys()].sort((one, other) => other.length - one.length).map(escaped);
    const [before, after] = language === "zh" ? ["", ""] : ["(?<![\\w-])", "(?![\\w-])"];
    patterns[language] = new RegExp(`${before}(?:${longestFirst.join("|")})${after}`, "gi");
  }
  let uses = [], wanted = "";

  const find = (main, language) => {
    const found = new Map();
    const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      if (!node.parentElement || node.parentElement.closest(OUTSIDE)) continue;
      for (const match of node.data.matchAll(patterns[language])) {
        const name = names[language].get(match[0].toLowerCase());
        if (found.has(name)) continue;
        const range = document.createRange();
        range.setStart(node, match.index);
        range.setEnd(node, match.index + match[0].length);
        found.set(name, range);
      }
    }
    return found;
  };

  const open = name => {
    const link = document.querySelector("[data-testid=stSidebar] a[href*='glossary']");
    if (!link) return;
    wanted = name;
    link.click();
  };

  const list = (main, language, found) => {
    let nav = main.querySelector(":scope > .lab-terms");
    const shown = [...found.keys()].map(name => terms[language][name][0]);
    if (nav && nav.dataset.shown === shown.join("|")) return;
    nav?.remove();
    if (!shown.length) return;
    nav = document.createElement("nav");
    nav.className = "lab-terms";
    nav.dataset.shown = shown.join("|");
    nav.setAttribute("aria-label", titles[language]);
    nav.append(titles[language] + " ");
    for (const name of found.keys()) {
      const button = document.createElement("button");
      button.textContent = terms[language][name][0];
      button.addEventListener("click", () => open(name));
      nav.append(button);
    }
    main.append(nav);
  };

  const arrive = () => {
    const term = wanted && document.querySelector(`.lab-term[data-term="${wanted}"]`);
    if (!term) return;
    wanted = "";
    term.scrollIntoView({ block: "center" });
    term.focus();
  };

  const mark = () => {
    arrive();
    const main = document.querySelector("[data-testid=stMainBlockContainer]");
    const language = document.documentElement.lang;
    if (!main || !(language in terms) || !document.querySelector("[data-testid=stSidebar]")) return;
    const settled = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState !== "running";
    if (!settled) return void later();
    const found = main.querySelector(".lab-term") ? new Map() : find(main, language);
    uses = [...found];
    if (globalThis.CSS?.highlights) {
      const highlight = new Highlight(...found.values());
      CSS.highlights.set("lab-term", highlight);
    }
    list(main, language, found);
  };

  const at = event => {
    const { clientX: x, clientY: y } = event;
    return uses.find(([, range]) => [...range.getClientRects()].some(
      box => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom))?.[0];
  };
  document.addEventListener("click", event => {
    const name = !event.target.closest?.(OUTSIDE) && String(getSelection()) === "" && at(event);
    if (name) open(name);
  });
  document.addEventListener("mousemove", event => {
    document.documentElement.classList.toggle("lab-over-term", Boolean(!event.target.closest?.(OUTSIDE) && at(event)));
  }, { passive: true });

  let due = 0;
  const later = () => { clearTimeout(due); due = setTimeout(mark, 300); };
  new MutationObserver(changes => {
    if (changes.some(change => !(change.target instanceof Element) || !change.target.closest(".lab-terms"))) later();
  }).observe(document, { subtree: true, childList: true, characterData: true });
})
