// What scripts keep in the browser, and when they look at a page that changes.

/** What is kept under a name, or null. @param {string} name */
export function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // a private window
  }
}

/** @param {string} name @param {string} value */
export function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // a private window: until it is closed
  }
}

/** Act once in a frame after each change of the document. @param {() => void} act @param {MutationObserverInit} [also] what else is a change */
export function afterChanges(act, also) {
  let due = 0;
  const soon = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      act();
    });
  };
  new MutationObserver(soon).observe(document, { subtree: true, childList: true, ...also });
}

/** The element of an event, or what holds it. @param {Event} event @param {string} selector @returns {HTMLElement | null} */
export function within({ target }, selector) {
  return target instanceof Element ? target.closest(selector) : null;
}

/** A text as part of a regular expression. @param {string} text */
export function escapedPattern(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The texts of an element, which may be replaced where they stand. @param {Node} root @returns {Generator<Text>} */
export function* textsIn(root) {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) yield /** @type {Text} */ (texts.currentNode);
}
