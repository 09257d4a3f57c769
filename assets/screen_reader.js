// Says in the reader's language what Streamlit itself says in English only: names of its own buttons, which a screen
// reader speaks, the link past the menu, and why it does not take a file. `phrases` lists each of them as {streamlit:
// its phrase, language: ours}; {name} stands for what the page puts there. The document's language follows the app's
// switch.
(phrases => {
  const TEXTS = "[data-testid=stSkipToContent], [data-testid=stFileChip] [role=alert], [role=tooltip], " +
    "[role=listbox][data-empty]";
  const escaped = text => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = phrase => new RegExp("^" + phrase.split("{name}").map(escaped).join("(.+)") + "$", "s");
  const known = phrases.flatMap(phrase => Object.values(phrase).map(text => ({ phrase, pattern: pattern(text) })));

  const inLanguage = (text, language) => {
    for (const { phrase, pattern } of known) {
      const found = text.match(pattern);
      if (found) return phrase[language].replace("{name}", () => found[1]);
    }
    return text;
  };
  const translate = () => {
    const app = document.querySelector(".stApp");
    const language = app && getComputedStyle(app).getPropertyValue("--lab-language").replaceAll('"', "").trim();
    if (!language) return;
    document.documentElement.lang = language;
    for (const element of document.querySelectorAll("[aria-label], [data-testid=stFileChip][title]"))
      for (const name of ["aria-label", "title"]) {
        const label = element.getAttribute(name), said = label && inLanguage(label, language);
        if (said !== label) element.setAttribute(name, said);
      }
    for (const element of document.querySelectorAll(TEXTS)) {
      const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);  // React keeps its nodes, so none is replaced
      while (texts.nextNode()) {
        const node = texts.currentNode, said = inLanguage(node.data, language);
        if (said !== node.data) node.data = said;
      }
    }
  };
  let due = 0;
  const soon = () => { due ||= requestAnimationFrame(() => { due = 0; translate(); }); };
  new MutationObserver(soon).observe(document, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"],
  });
})
