// What the other scripts of a room share.

import { filled, write } from "../shared/elements.js";

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

/** Write the line at the foot of the page. @param {string} sentence */
export function tell(sentence) {
  write(/** @type {HTMLElement} */ (document.querySelector(".line")), sentence);
}
