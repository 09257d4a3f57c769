// Says in the reader's language what Streamlit itself says in English only: names of its own buttons, which a screen
// reader speaks, the link past the menu, and why it does not take a file. The document's language follows the app's switch.

import { afterChanges, escapedPattern, textsIn } from "./shared/browser.js";

const OWN_TEXTS = "[data-testid=stSkipToContent], [data-testid=stFileChip] [role=alert], [role=tooltip], [role=listbox][data-empty]";

/** @param {Record<string, string>[]} phrases each as {streamlit: its phrase, language: ours}; {name} stands for what the page puts there */
export function translateStreamlit(phrases) {
  const pattern = (/** @type {string} */ phrase) => new RegExp(`^${phrase.split("{name}").map(escapedPattern).join("(.+)")}$`, "s");
  const known = phrases.flatMap((phrase) => Object.values(phrase).map((text) => ({ phrase, pattern: pattern(text) })));
  const translated = (/** @type {string} */ text, /** @type {string} */ language) => {
    for (const { phrase, pattern } of known) {
      const match = text.match(pattern);
      if (match) return phrase[language].replace("{name}", () => match[1]);
    }
    return text;
  };
  const translate = () => {
    const app = document.querySelector(".stApp");
    const language = app && getComputedStyle(app).getPropertyValue("--lab-language").replaceAll('"', "").trim();
    if (!language) return;
    document.documentElement.lang = language;
    for (const element of document.querySelectorAll("[aria-label], [data-testid=stFileChip][title]")) {
      for (const name of ["aria-label", "title"]) {
        const label = element.getAttribute(name);
        const ours = label && translated(label, language);
        if (ours && ours !== label) element.setAttribute(name, ours);
      }
    }
    for (const element of document.querySelectorAll(OWN_TEXTS)) {
      for (const node of textsIn(element)) { // React keeps its nodes, so none is replaced
        const ours = translated(node.data, language);
        if (ours !== node.data) node.data = ours;
      }
    }
  };
  afterChanges(translate, { attributes: true, attributeFilter: ["aria-label"] });
}
