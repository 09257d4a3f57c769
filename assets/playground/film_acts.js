// What a hand does while a network trains, written as `da_core/teaching/films/direction.py` reads it:
// “critic@120+20;weight=0@140;move 17 0.5 -1.25@140;drop 18@140”. An act is done before step `at`.

/** @import { Film } from "./film_file.js" */

/** @typedef {{text: string, what: string, at: number, steps: number, row: number, place: [number, number] | null, value: number}} Act */

/** @param {string} text @returns {Act[]} */
export function actsOf(text) {
  return text.split(";").filter(Boolean).map((part) => {
    const [does, when] = part.split("@");
    const [what, row, x, y] = does.split(" ");
    const [name, value] = what.split("=");
    return { text: part, what: name, at: parseInt(when), steps: Number(when?.split("+")[1] ?? 0), row: Number(row ?? -1), place: y ? [Number(x), Number(y)] : null, value: Number(value) };
  });
}

/** Add an act, which takes the place of one on the same thing at the same step. @param {string} text @param {string} more */
export function withAct(text, more) {
  const [act] = actsOf(more);
  const others = actsOf(text).filter((one) => one.at !== act.at || one.what !== act.what || one.row !== act.row);
  return [...others.map((one) => one.text), more].join(";");
}

/** The acts of a film. @param {Film | null} film */
export function actsIn(film) {
  if (!film?.header) return [];
  return (film.acts ??= actsOf(film.header.direction));
}

/** Those that have been done at a frame. @param {Film | null} film @param {number} at */
export function doneAt(film, at) {
  const frame = film?.frames[at];
  return frame?.phase === "adapt" ? actsIn(film).filter((act) => act.at <= frame.step) : [];
}

/** The value of a setting at a frame, or at the beginning of adapting. @param {Film | null} film @param {number} at @param {string} name @param {number} otherwise */
export function settingAt(film, at, name, otherwise) {
  const step = film?.frames[at]?.phase === "adapt" ? film.frames[at].step : 0;
  return actsIn(film).findLast((act) => act.what === name && act.at <= step)?.value ?? otherwise;
}

/** Who alone has just moved because a hand wished it, "critic" or "features"; "" where both may. @param {Film} film @param {number} at */
export function aloneAt(film, at) {
  const { phase, step } = film.frames[at];
  const alone = (/** @type {Act} */ act) => act.steps > 0 && act.what !== "slide" && act.at < step && step <= act.at + act.steps;
  return phase === "adapt" ? (actsIn(film).find(alone)?.what ?? "") : "";
}

/** The step from which an act goes on: where the film stands; at its end and before adapting, where adapting begins. @param {Film | null} film @param {number} at */
export function stepToGoOn(film, at) {
  const frame = film?.frames[at];
  return frame?.phase === "adapt" && frame.step < frame.steps ? frame.step : 0;
}

/** The last frame before a step of adapting is taken, or -1 where it is not known yet. @param {Film} film @param {number} step */
export function frameAtStep(film, step) {
  const after = film.frames.findIndex((frame) => frame.phase === "adapt" && frame.step > step);
  return after < 0 && film.whole ? film.frames.length - 1 : after - 1;
}
