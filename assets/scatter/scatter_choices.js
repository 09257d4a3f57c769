// A group of radio buttons, one of which is chosen.

import { make } from "../shared/elements.js";

/**
 * Write the buttons anew. `options` are titles by name, `missing` says why some cannot be chosen.
 * @param {any} group @param {string} title @param {Record<string, string>} options @param {string} current
 * @param {Record<string, string>} missing @param {(name: string) => void} choose called with another than the current
 */
export function choices(group, title, options, current, missing, choose) {
  const names = Object.keys(options);
  group.hidden = names.length < 2;
  group.querySelector("span").textContent = title;
  const box = group.querySelector("div");
  box.setAttribute("aria-label", title);
  box.replaceChildren(...names.map((name, index) => make("button", {
    type: "button", role: "radio", "aria-checked": String(name === current), tabindex: name === current ? 0 : -1,
    disabled: Boolean(missing[name]), title: missing[name] ?? "", onclick: () => choose(name),
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = names[(index + step + names.length) % names.length];
      if (!missing[next]) choose(next);
    },
  }, [options[name]])));
}
