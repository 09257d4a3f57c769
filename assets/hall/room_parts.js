// @ts-check
// What the other scripts of a room share. Text reaches the page as text only, never as markup.

const given = JSON.parse(document.getElementById("given")?.textContent ?? "{}");

/**
 * Make an element. `on…` in its properties are listeners, `class` and `aria-…` attributes.
 * @param {string} tag @param {Record<string, any>} [properties] @param {(Node | string | null | undefined)[]} [children]
 * @returns {any}
 */
function make(tag, properties = {}, children = []) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an element of a picture. @param {string} tag @param {Record<string, any>} attributes @param {string} [text] */
function drawn(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text !== undefined) node.textContent = text;
  return node;
}

/** A text of the page, its fields filled. @param {string} name @param {Record<string, any>} [values] */
function said(name, values = {}) {
  return given.texts[name].replace(/\{(\w+)\}/g, (/** @type {string} */ _all, /** @type {string} */ field) => String(values[field]));
}

/** @param {number} share @param {number} digits */
function inPercent(share, digits = 0) {
  return `${(100 * share).toFixed(digits)}%`;
}

/** Send an act or a vote; what the server has against it is shown. @param {string} what @param {object} body */
async function send(what, body) {
  try {
    const answer = await fetch(`${given.room}/${what}?lang=${given.language}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const { problem } = await answer.json();
    tell(problem ?? "");
    return !problem;
  } catch {
    tell(said("lost"));
    return false;
  }
}

/** Write the line at the foot of the page. @param {string} sentence */
function tell(sentence) {
  const line = /** @type {HTMLElement} */ (document.querySelector(".line"));
  if (line.textContent !== sentence) line.textContent = sentence;
}
