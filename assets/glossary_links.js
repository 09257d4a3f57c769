// Marks the first use of each term of the glossary on a screen, and lists these terms at its end, where the keyboard
// finds them; a mark and an entry of the list tell what the term means, and lead to the glossary. `terms` has, by
// language, {name: its forms}, `meanings` {name: what it means}; `titles` what the list is called, and `more` the way to
// the glossary. No text is changed: the marks are highlights over it, so the page's own code never notices.
((terms, meanings, titles, more) => {
  const OUTSIDE = "a, button, code, pre, h1, h2, h3, input, textarea, label, summary, .katex, [role=option], " +
    "[role=radiogroup], [data-testid=stTable], [data-testid=stMultiSelect], [data-testid=stVegaLiteChart], .stPlotlyChart, .lab-terms, .lab-term, .lab-term-note, .lab-map";
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

  const note = document.createElement("div");  // what a term means, beside where it was asked for
  note.className = "lab-term-note";
  note.setAttribute("popover", "auto");
  note.setAttribute("role", "dialog");
  const open = (name, box) => {
    const language = document.documentElement.lang, title = document.createElement("b"), lead = document.createElement("button");
    title.textContent = terms[language][name][0];
    lead.textContent = more[language];
    lead.addEventListener("click", () => {
      const link = document.querySelector("[data-testid=stSidebar] a[href*='glossary']");
      note.hidePopover();
      wanted = name;
      link?.click();
    });
    note.setAttribute("aria-label", title.textContent);
    note.replaceChildren(title, document.createElement("br"), meanings[language][name], document.createElement("br"), lead);
    (document.querySelector(".stApp") ?? document.body).append(note);
    note.showPopover();
    const { width, height } = note.getBoundingClientRect();
    const below = box.bottom + 6 + height <= innerHeight;
    note.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
    note.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
    lead.focus();
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
    nav.dataset.screen = location.pathname;
    nav.setAttribute("aria-label", titles[language]);
    nav.append(titles[language] + " ");
    for (const name of found.keys()) {
      const button = document.createElement("button");
      button.textContent = terms[language][name][0];
      button.addEventListener("click", () => open(name, button.getBoundingClientRect()));
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
    for (const [name, range] of uses)
      for (const box of range.getClientRects())
        if (box.left <= x && x <= box.right && box.top <= y && y <= box.bottom) return { name, box };
    return null;
  };
  document.addEventListener("click", event => {
    const found = !event.target.closest?.(OUTSIDE) && String(getSelection()) === "" && at(event);
    if (found) open(found.name, found.box);
  });
  document.addEventListener("mousemove", event => {
    document.documentElement.classList.toggle("lab-over-term", Boolean(!event.target.closest?.(OUTSIDE) && at(event)));
  }, { passive: true });

  let due = 0;
  const later = () => {
    const nav = document.querySelector(".lab-terms");
    if (nav && nav.dataset.screen !== location.pathname) nav.remove();  // of the screen before
    clearTimeout(due);
    due = setTimeout(mark, 300);
  };
  new MutationObserver(changes => {
    if (changes.some(change => !(change.target instanceof Element) || !change.target.closest(".lab-terms"))) later();
  }).observe(document, { subtree: true, childList: true, characterData: true });
})
