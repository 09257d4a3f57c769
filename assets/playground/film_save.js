// Films and pictures to keep, and a film that is opened.

import { download } from "../shared/elements.js";
import { Film, MOST_FILM_BYTES, NoFilm } from "./film_file.js";
import { isOld, oldFilm } from "./film_old.js";
import { SvgPen } from "./film_svg.js";
/** @import { Stage } from "./film_stage.js" */
/** @import { Playground } from "./playground.js" */

/** @param {Playground} playground */
export function saveFilm(playground) {
  const { film } = playground.stages[0];
  if (film?.whole) download(new Blob(/** @type {any} */ (film.parts)), `${playground.data.file}.dafilm`);
}

/** Open a film from a file; what is none changes nothing. @param {Playground} playground @param {File | undefined} file */
export async function openFilm(playground, file) {
  playground.find(".open-film").value = "";
  if (!file) return;
  let film;
  try {
    if (file.size > MOST_FILM_BYTES) throw new NoFilm("too large");
    const bytes = new Uint8Array(await file.arrayBuffer());
    film = isOld(bytes) ? await oldFilm(bytes) : await Film.from(/** @type {any} */ (file.stream()));
    if (!film.frames.length) throw new NoFilm("no frames");
  } catch {
    return playground.complain(playground.data.texts.noFilm);
  }
  playground.stages[0].stop();
  playground.stages[0].take(film);
  playground.player.grown(playground.stages[0]);
}

/** Paint the pictures of the first film side by side; returns the width and the height. @param {Playground} playground @param {CanvasRenderingContext2D} pen @param {number} ratio @returns {[number, number]} */
function frameOn(playground, pen, ratio) {
  const stage = playground.stages[0];
  const pictures = shownPictures(stage);
  const [gap, head, foot] = [16, 28, 30];
  const side = pictures[0].plot.clientWidth;
  const [width, height] = [pictures.length * (side + gap) + gap, head + side + foot];
  const colours = stage.paint();
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, width, height);
  const t = playground.player.time(stage);
  pictures.forEach((picture, index) => {
    const left = gap + index * (side + gap);
    pen.fillStyle = colours.ink;
    pen.font = "600 14px sans-serif";
    pen.fillText(/** @type {any} */ (picture.figure.querySelector("figcaption")).textContent, left, 20);
    pen.save();
    pen.translate(left, head);
    pen.beginPath();
    pen.rect(0, 0, side, side);
    pen.clip();
    picture.paintOn(pen, t, ratio);
    pen.restore();
    pen.lineWidth = 1;
    pen.strokeStyle = colours.line;
    pen.strokeRect(left, head, side, side);
  });
  pen.fillStyle = colours.ink;
  pen.font = "13px sans-serif";
  pen.fillText(stage.figure.querySelector(".numbers").textContent, gap, head + side + 20);
  return [width, height];
}

/** @param {Stage} stage */
function shownPictures(stage) {
  return Object.values(stage.pictures).filter((picture) => picture.plot.clientWidth);
}

/** @param {Playground} playground */
export function savePng(playground) {
  const [canvas, ratio] = [document.createElement("canvas"), 2];
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const size = frameOn(playground, pen, ratio);
  [canvas.width, canvas.height] = size.map((side) => side * ratio);
  pen.scale(ratio, ratio);
  frameOn(playground, pen, ratio);
  canvas.toBlob((blob) => blob && download(blob, `${playground.data.file}.png`));
}

/** The same pictures as shapes, so that a slide can be edited. @param {Playground} playground */
export function saveSvg(playground) {
  const svg = new SvgPen();
  const size = frameOn(playground, /** @type {any} */ (svg), 1);
  download(new Blob([svg.written(...size)], { type: "image/svg+xml" }), `${playground.data.file}.svg`);
}

/** The film as a moving picture, drawn by the server. @param {Playground} playground @param {"webp" | "gif"} kind */
export async function saveAnimation(playground, kind) {
  const { texts } = playground.data;
  const button = playground.find(`.save-${kind}`);
  button.disabled = true;
  playground.find(".saving").textContent = texts.saving;
  try {
    const response = await fetch(`${playground.stages[0].address}&as=${kind}&lang=${document.documentElement.lang || "en"}`);
    if (response.ok) download(await response.blob(), `${playground.data.file}.${kind}`);
    else playground.complain(await response.text());
  } catch {
    playground.complain(texts.broken);
  }
  playground.find(".saving").textContent = "";
  button.disabled = false;
}
