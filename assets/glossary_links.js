// Marks the first use of each term of the glossary on a screen, and lists these terms at its end, where the keyboard
// finds them; a mark and an entry of the list say what the term means, and lead to the glossary. No text is changed: the
// marks are highlights over it, so the page's own code never notices.

import { escapedPattern, textsIn, within } from "./shared/browser.js";
import { make } from "./shared/elements.js";

const OUTSIDE = "a, button, code, pre, h1, h2, h3, input, textarea, label, summary, .katex, [role=option], " +
  "[role=radiogroup], [data-testid=stTable], [data-testid=stMultiSelect], [data-testid=stVegaLiteChart], .stPlotlyChart, .lab-terms, .lab-term, .lab-term-note, .lab-map";

/**
 * @param {{terms: Record<string, Record<string, string[]>>, meanings: Record<string, Record<string, string>>,
 *   titles: Record<string, string>, more: Record<string, string>}} glossary by language: each term's forms and meaning,
 *   what the list is called, and the way to the glossary
 */
export function linkGlossary({ terms, meanings, titles, more }) {
  /** @type {Record<string, RegExp>} */
  const patterns = {};
  /** @type {Record<string, Map<string, string>>} */
  const names = {};
  for (const [language, forms] of Object.entries(terms)) {
    names[language] = new Map(Object.entries(forms).flatMap(([name, all]) => all.map((form) => [form.toLowerCase(), name])));
    const longestFirst = [...names[language].keys()].sort((one, other) => other.length - one.length).map(escapedPattern);
    const [before, after] = language === "zh" ? ["", ""] : ["(?<![\\w-])", "(?![\\w-])"];
    patterns[language] = new RegExp(`${before}(?:${longestFirst.join("|")})${after}`, "gi");
  }
  /** @type {Map<string, Range>} */
  let uses = new Map();
  let destination = "";

  const find = (/** @type {Element} */ main, /** @type {string} */ language) => {
    /** @type {Map<string, Range>} */
    const first = new Map();
    for (const node of textsIn(main)) {
      if (!node.parentElement || node.parentElement.closest(OUTSIDE)) continue;
      for (const match of node.data.matchAll(patterns[language])) {
        const name = names[language].get(match[0].toLowerCase()) ?? "";
        if (first.has(name)) continue;
        const range = document.createRange();
        range.setStart(node, match.index);
        range.setEnd(node, match.index + match[0].length);
        first.set(name, range);
      }
    }
    return first;
  };

  const note = make("div", { class: "lab-term-note", popover: "auto", role: "dialog" }); // what a term means, beside its use
  const open = (/** @type {string} */ name, /** @type {DOMRect} */ box) => {
    const language = document.documentElement.lang;
    const [title] = terms[language][name];
    const lead = make("button", { onclick: () => {
      note.hidePopover();
      destination = name;
      /** @type {HTMLElement | null} */ (document.querySelector("[data-testid=stSidebar] a[href*='glossary']"))?.click();
    } }, [more[language]]);
    note.setAttribute("aria-label", title);
    note.replaceChildren(make("b", {}, [title]), make("br"), meanings[language][name], make("br"), lead);
    (document.querySelector(".stApp") ?? document.body).append(note);
    note.showPopover();
    const { width, height } = note.getBoundingClientRect();
    const below = box.bottom + 6 + height <= innerHeight;
    note.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
    note.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
    lead.focus();
  };

  const list = (/** @type {Element} */ main, /** @type {string} */ language) => {
    const labels = [...uses.keys()].map((name) => terms[language][name][0]).join("|");
    const before = /** @type {HTMLElement | null} */ (main.querySelector(":scope > .lab-terms"));
    if (before?.dataset.labels === labels) return;
    before?.remove();
    if (!labels) return;
    const buttons = [...uses.keys()].map((name) => make("button", {
      onclick: (/** @type {any} */ { currentTarget }) => open(name, currentTarget.getBoundingClientRect()),
    }, [terms[language][name][0]]));
    const attributes = { class: "lab-terms", "data-labels": labels, "data-screen": location.pathname, "aria-label": titles[language] };
    main.append(make("nav", attributes, [`${titles[language]} `, ...buttons]));
  };

  const arrive = () => {
    const term = /** @type {HTMLElement | null} */ (destination && document.querySelector(`.lab-term[data-term="${destination}"]`));
    if (!term) return;
    destination = "";
    term.scrollIntoView({ block: "center" });
    term.focus();
  };

  const mark = () => {
    arrive();
    const main = document.querySelector("[data-testid=stMainBlockContainer]");
    const language = document.documentElement.lang;
    if (!main || !(language in terms) || !document.querySelector("[data-testid=stSidebar]")) return;
    const app = /** @type {HTMLElement | null} */ (document.querySelector("[data-testid=stApp]"));
    if (app?.dataset.testScriptState === "running") return later();
    uses = main.querySelector(".lab-term") ? new Map() : find(main, language);
    if (globalThis.CSS?.highlights) CSS.highlights.set("lab-term", new Highlight(...uses.values()));
    list(main, language);
  };

  const at = (/** @type {MouseEvent} */ { clientX: x, clientY: y }) => {
    for (const [name, range] of uses) {
      for (const box of range.getClientRects()) {
        if (box.left <= x && x <= box.right && box.top <= y && y <= box.bottom) return { name, box };
      }
    }
    return null;
  };
  document.addEventListener("click", (event) => {
    const use = !within(event, OUTSIDE) && String(getSelection()) === "" && at(event);
    if (use) open(use.name, use.box);
  });
  document.addEventListener("mousemove", (event) => {
    document.documentElement.classList.toggle("lab-over-term", Boolean(!within(event, OUTSIDE) && at(event)));
  }, { passive: true });

  /** @type {number | undefined} */
  let due;
  const later = () => {
    const nav = /** @type {HTMLElement | null} */ (document.querySelector(".lab-terms"));
    if (nav && nav.dataset.screen !== location.pathname) nav.remove(); // of the screen before
    clearTimeout(due);
    due = setTimeout(mark, 300);
  };
  new MutationObserver((changes) => {
    if (changes.some(({ target }) => !(target instanceof Element) || !target.closest(".lab-terms"))) later();
  }).observe(document, { subtree: true, childList: true, characterData: true });
}
