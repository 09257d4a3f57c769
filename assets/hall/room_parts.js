// What the other scripts of a room share.

import { filled, make, makeSvg, write } from "../shared/elements.js";

export const given = JSON.parse(document.getElementById("given")?.textContent ?? "{}");

/** A text of the page, its fields filled. @param {string} name @param {Record<string, any>} [values] */
export function said(name, values = {}) {
  return filled(given.texts[name], values);
}

/** Send an act or a vote; what the server has against it is shown. @param {string} what @param {object} body */
export async function send(what, body) {
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

/** A sample's mark in a picture: a circle in the source, a diamond in the target. @param {string} domain @param {number} x @param {number} y @param {number} radius @param {number} half of the diamond's side @param {string} kind */
export function domainMark(domain, x, y, radius, half, kind = "") {
  return domain === "source"
    ? makeSvg("circle", { cx: x, cy: y, r: radius, class: `${domain} ${kind}` })
    : makeSvg("rect", { x: x - half, y: y - half, width: 2 * half, height: 2 * half, class: `${domain} ${kind}`, transform: `rotate(45 ${x} ${y})` });
}

/** What the marks of the two domains mean. */
export function domainKey() {
  return make("p", { class: "key" }, ["source", "target"].flatMap((domain) => [make("i", { class: domain }), said(domain)]));
}

/** Write the line at the foot of the page. @param {string} sentence */
export function tell(sentence) {
  write(/** @type {HTMLElement} */ (document.querySelector(".line")), sentence);
}
