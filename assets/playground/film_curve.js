// Losses and accuracies under the pictures, on which one scrubs.

import { filled, fitted, strokeLine } from "../shared/elements.js";
import { actsIn, frameAtStep } from "./film_acts.js";
import { frameShown } from "./film_player.js";
/** @import { Player } from "./film_player.js" */

/** Losses and accuracies under the pictures; the cursor is the frame, and the curve itself is the slider. */
export class Curve {
  width = 0;
  height = 0;

  /** @param {Player} player @param {HTMLCanvasElement} canvas */
  constructor(player, canvas) {
    this.player = player;
    this.canvas = canvas;
    const scrub = (/** @type {PointerEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      player.seek((event.clientX - box.left) / box.width);
    };
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      scrub(event);
    };
    canvas.onpointermove = (event) => event.buttons && scrub(event);
  }

  measure() {
    [this.width, this.height] = [this.canvas.clientWidth, this.canvas.clientHeight];
  }

  draw() {
    const { playground } = this.player;
    const { canvas, width, height } = this;
    const first = playground.stages[0];
    if (!width || !first?.film?.frames.length) return;
    const pen = fitted(canvas, width, height);
    const colours = first.paint();
    const y = (/** @type {number} */ value) => 4 + (1 - value) * (height - 8);
    pen.lineWidth = 1;
    pen.strokeStyle = colours.line;
    for (const share of [0, 0.5, 1]) strokeLine(pen, 0, y(share), width, y(share));
    for (const stage of playground.stages) {
      const frames = stage.film?.frames ?? [];
      const expected = Math.max(2, this.player.expected(stage));
      const x = (/** @type {number} */ at) => (at / (expected - 1)) * width;
      const line = (/** @type {string} */ name, /** @type {string} */ colour, /** @type {number[]} */ dash, most = 1) => {
        pen.strokeStyle = colour;
        pen.lineWidth = stage.index ? 1.2 : 2;
        pen.globalAlpha = stage.index ? 0.6 : 1;
        pen.setLineDash(dash);
        pen.beginPath();
        let drawing = false;
        frames.forEach((frame, at) => {
          const value = frame.numbers[name];
          if (value === undefined) return (drawing = false);
          pen[drawing ? "lineTo" : "moveTo"](x(at), y(Math.max(0, Math.min(1, value / most))));
          drawing = true;
        });
        pen.stroke();
        pen.setLineDash([]);
        pen.globalAlpha = 1;
      };
      line("loss class", colours.grey, [1, 3], Math.max(1, ...frames.map((frame) => frame.numbers["loss class"] ?? 0)));
      line("domain", colours.ink, [5, 4]);
      line("source", colours.source, stage.index ? [2, 2] : []);
      line("target", colours.target, stage.index ? [2, 2] : []);
      const began = frames.findIndex((frame) => frame.phase !== "source_only");
      if (began > 0 && !stage.index) {
        pen.strokeStyle = colours.ink;
        pen.globalAlpha = 0.4;
        strokeLine(pen, x(began), 0, x(began), height);
        pen.globalAlpha = 1;
      }
    }
    for (const act of actsIn(first.film)) {
      const place = frameAtStep(first.film, act.at);
      if (place < 0) continue;
      pen.fillStyle = colours.ink;
      const across = (place / (Math.max(2, this.player.expected(first)) - 1)) * width;
      pen.beginPath();
      pen.moveTo(across - 5, height);
      pen.lineTo(across + 5, height);
      pen.lineTo(across, height - 8);
      pen.fill();
    }
    const at = this.player.share * width;
    pen.strokeStyle = pen.fillStyle = colours.ink;
    pen.lineWidth = 2;
    strokeLine(pen, at, 0, at, height);
    pen.beginPath();
    pen.arc(at, 6, 5, 0, 7);
    pen.fill();
    const frames = first.film.frames;
    const place = frameShown(this.player.time(first));
    const where = filled(playground.data.texts.frame, { frame: place + 1, count: frames.length });
    const numbers = first.figure.querySelector(".numbers")?.textContent;
    const said = numbers ? `${where} · ${numbers}` : where;
    if (canvas.getAttribute("aria-valuetext") === said) return;
    canvas.setAttribute("aria-valuetext", said);
    canvas.setAttribute("aria-valuemin", "1");
    canvas.setAttribute("aria-valuemax", String(frames.length));
    canvas.setAttribute("aria-valuenow", String(place + 1));
    playground.find(".place").textContent = where;
  }
}
