// The course of the films as a table, for who cannot see the curve, or wants its numbers.

import { percent, tableRows } from "../shared/elements.js";
/** @import { Playground } from "./playground.js" */

/** Rows at most: of more frames some are left out, evenly. */
const ROWS = 25;

/** Write the table anew, while it is open. @param {Playground} playground */
export function tabulate(playground) {
  const box = playground.find(".course-table");
  if (!box?.open) return;
  const { texts } = playground.data;
  const kinds = /** @type {const} */ (["source", "target", "domain", "sourceNorm", "targetNorm"]);
  const films = playground.stages.filter((stage) => stage.film?.frames.length);
  const columns = films.flatMap((stage) => {
    const title = stage.figure.querySelector(".stage-title").textContent;
    const there = kinds.filter((name) => stage.film?.frames.some((frame) => frame.numbers[name] !== undefined));
    return there.map((name) => ({ stage, name, title: films.length > 1 ? `${title} · ${texts[`${name}Column`]}` : texts[`${name}Column`] }));
  });
  const count = Math.max(0, ...films.map((stage) => stage.film?.frames.length ?? 0));
  const rows = [...new Set(Array.from({ length: Math.min(ROWS, count) }, (_, row) => Math.round((row * (count - 1)) / (Math.min(ROWS, count) - 1 || 1))))];
  const written = (/** @type {string} */ name, /** @type {number | undefined} */ value) =>
    value === undefined ? "–" : name.endsWith("Norm") ? value.toFixed(1) : percent(value);
  const heads = [texts.frameColumn, ...columns.map(({ title }) => title)];
  const cells = rows.map((at) => [at + 1, ...columns.map(({ stage, name }) => written(name, stage.film?.frames[at]?.numbers[name]))]);
  box.querySelector("table").replaceChildren(...tableRows(heads, cells));
}
