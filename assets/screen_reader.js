// Says in the reader's language what Streamlit itself says in English only: names of its own buttons, which a screen
// reader speaks, and the link past the menu. `phrases` lists each of them as {language: phrase}; {name} stands for what
// the page puts there. The document's language follows the app's switch.
(phrases => {
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
    for (const element of document.querySelectorAll("[aria-label]")) {
      const label = element.getAttribute("aria-label"), said = inLanguage(label, language);
      if (said !== label) element.setAttribute("aria-label", said);
    }
    const skip = document.querySelector("[data-testid=stSkipToContent]");
    if (skip && skip.textContent !== inLanguage(skip.textContent, language))
      skip.textContent = inLanguage(skip.textContent, language);
  };
  let due = 0;
  const soon = () => { due ||= requestAnimationFrame(() => { due = 0; translate(); }); };
  new MutationObserver(soon).observe(document, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"],
  });
})
