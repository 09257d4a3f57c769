// One slider swept: small multiples of last frames, and the accuracies beneath.

import { filled, make, makeSvg, percent } from "../shared/elements.js";
import { Film, SIDE } from "./film_file.js";
import { stamp } from "./film_marks.js";
/** @import { Frame, Header } from "./film_file.js" */
/** @import { Playground } from "./playground.js" */

/** Small multiples of last frames over one setting, and the accuracies beneath. @param {Playground} playground */
export async function sweep(playground) {
  const { sweep: setting, texts, route } = playground.data;
  const box = playground.find(".sweep");
  box.hidden = !setting;
  const key = JSON.stringify([setting, playground.data.params]);
  if (!setting || box.dataset.key === key) return;
  box.dataset.key = key;
  playground.swept?.abort();
  const wish = (playground.swept = new AbortController());
  const [list, line] = [box.querySelector(".multiples"), box.querySelector(".sweep-line")];
  list.replaceChildren();
  line.textContent = filled(texts.sweeping, { setting: setting.title });
  const reached = [];
  const problems = new Map();
  for (const { value, query } of setting.films) {
    const address = new URLSearchParams(query);
    address.set("still", "1"); // how each ends is all that is shown
    for (const [name, one] of Object.entries(playground.data.params)) address.set(`data.${name}`, String(one));
    let film;
    try {
      film = await Film.from((await fetch(`${route}?${address}`, { signal: wish.signal })).body);
    } catch {
      if (wish.signal.aborted) return;
      line.textContent = texts.broken;
      delete box.dataset.key; // so that it is fetched again
      return;
    }
    if (wish.signal.aborted) return;
    if (film.problem) {
      problems.set(film.problem, [...(problems.get(film.problem) ?? []), value]);
      continue;
    }
    const frame = film.frames[film.frames.length - 1];
    reached.push({ value, target: frame.numbers.target ?? 0 });
    list.append(multiple(playground, film, frame, `${setting.symbol || setting.title} = ${value}`));
    curveOf(playground, box.querySelector(".sweep-curve"), reached, setting.films.length);
  }
  const swept = reached.length ? [filled(texts.swept, { setting: setting.title })] : [];
  const lines = [...swept, ...Array.from(problems, ([sentence, values]) => `${values.join(", ")}: ${sentence}`)];
  line.textContent = filled(lines.join(" "), {});
}

/** @param {Playground} playground @param {Film} film @param {Frame} frame @param {string} title */
function multiple(playground, film, frame, title) {
  const stage = playground.stages[0];
  const canvas = make("canvas", { width: 240, height: 240 });
  const header = /** @type {Header} */ (film.header);
  const pen = canvas.getContext("2d");
  const box = header.box;
  const unit = 240 / (box[2] - box[0]);
  pen.drawImage(stage.fieldOf(frame.field, frame.field, 0, SIDE), 0, 0, 240, 240);
  const colours = stage.paint();
  for (let i = 0; i < header.label.length; i++) {
    const mark = { source: i < header.source_count, label: header.label[i], wrong: frame.predicted[i] !== header.label[i] };
    stamp(pen, colours, mark, (header.given[2 * i] - box[0]) * unit, (box[3] - header.given[2 * i + 1]) * unit, 3, 1);
  }
  const share = percent(frame.numbers.target ?? 0);
  return make("figure", {}, [canvas, make("figcaption", {}, [`${title} · ${filled(playground.data.texts.targetRight, { share })}`])]);
}

/** @param {Playground} playground @param {SVGElement} svg @param {{value: number, target: number}[]} reached @param {number} count */
function curveOf(playground, svg, reached, count) {
  const at = (/** @type {number} */ i) => 60 + (i * 510) / Math.max(1, count - 1);
  const y = (/** @type {number} */ share) => 92 - share * 84;
  const line = makeSvg("polyline", {
    points: reached.map(({ target }, i) => `${at(i)},${y(target)}`).join(" "),
    stroke: playground.data.colours.target, fill: "none", "stroke-width": 2,
  });
  const texts = reached.map(({ value }, i) => makeSvg("text", { x: at(i), y: 112, "text-anchor": "middle" }, String(value)));
  const dots = reached.map(({ target }, i) => makeSvg("circle", { cx: at(i), cy: y(target), r: 4, fill: playground.data.colours.target }));
  const levels = [0, 0.5, 1].flatMap((share) => [
    makeSvg("path", { d: `M40 ${y(share)}H590`, stroke: "currentColor", opacity: 0.2 }),
    makeSvg("text", { x: 34, y: y(share) + 4, "text-anchor": "end" }, percent(share)),
  ]);
  svg.replaceChildren(...levels, line, ...dots, ...texts);
}
