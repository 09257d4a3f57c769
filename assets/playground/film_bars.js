// Class proportions beside the picture.

import { make, percent } from "../shared/elements.js";
/** @import { Frame } from "./film_file.js" */
/** @import { Stage } from "./film_stage.js" */

/** Class proportions as bars, where a method weights classes or samples. @param {Stage} stage @param {Frame} frame */
export function bars(stage, frame) {
  const box = stage.figure.querySelector(".bars");
  const header = stage.film?.header;
  box.hidden = !(header && header.kind === "reweighting");
  if (box.hidden || !header) return;
  const { texts, colours } = stage.playground.data;
  const { label, classes, source_count } = header;
  const shares = [0, 1, 2].map(() => new Float64Array(classes.length));
  for (let i = 0; i < label.length; i++) {
    if (label[i] < 0) continue;
    if (i < source_count) {
      shares[0][label[i]] += 1;
      shares[1][label[i]] += frame.weights ? frame.weights[i] : 1;
    } else shares[2][label[i]] += 1;
  }
  const key = JSON.stringify(shares.map((share) => [...share]));
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...["sourceBar", "weightedBar", "targetBar"].map((bar, row) => {
    const sum = shares[row].reduce((a, b) => a + b, 0) || 1;
    const parts = classes.map((/** @type {string} */ name, /** @type {number} */ index) => {
      const share = percent(shares[row][index] / sum);
      const width = `${(100 * shares[row][index]) / sum}%`;
      return make("i", { style: `width: ${width}; background: ${colours.classes[index]}` }, [shares[row][index] / sum > 0.12 ? `${name} ${share}` : ""]);
    });
    return make("div", {}, [make("span", {}, [texts[bar]]), make("div", { class: "share" }, parts)]);
  }));
}
