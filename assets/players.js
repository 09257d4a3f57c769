// Marks that play a sound each: blue circles for the source, orange diamonds for the target, as everywhere.
// Titles come translated and are set as attributes; one sound plays at a time on the whole page.

import { make } from "./shared/elements.js";

/** @type {HTMLAudioElement} */
const voice = (/** @type {any} */ (globalThis).labVoice ??= new Audio());

/** @param {any} component */
export default function players({ parentElement, data }) {
  const box = parentElement.querySelector(".players");
  box.style.setProperty("--mark", data.colour);
  box.replaceChildren(...data.sounds.map((/** @type {string} */ sound, /** @type {number} */ index) => {
    const title = data.titles[index];
    return make("button", { type: "button", class: data.shape, title, "aria-label": title, onclick: (/** @type {any} */ { currentTarget: button }) => {
      voice.onended?.(new Event("ended"));
      button.classList.add("playing");
      voice.onended = () => button.classList.remove("playing");
      voice.src = sound;
      voice.play().catch(() => button.classList.remove("playing")); // interrupted by the next one
    } });
  }));
}
