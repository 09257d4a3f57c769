// The mark of a sample: a circle in the source and a diamond in the target; filled, open or dotted by class; in a ring
// where it is taken for another class.

import { penOf } from "../shared/elements.js";
import { SvgPen } from "./film_svg.js";

const MARK_RADIUS = 4;
const MARK_HALF = 7; // of the square in which a mark has room
const MARK_FINER = 4; // radii in quarters of a pixel

/** @typedef {{source: boolean, label: number, wrong: boolean}} Mark */

/**
 * Put a mark at a place: on an SVG its shapes, on a canvas a picture of it, which is painted once. The picture lies on
 * whole pixels of the screen, where it is copied and not smoothed, in half the time; there is one for each half of a pixel.
 * @param {CanvasRenderingContext2D} pen @param {any} colours @param {Mark} mark @param {number} x @param {number} y @param {number} radius @param {number} ratio */
export function stamp(pen, colours, mark, x, y, radius, ratio) {
  if (!(pen instanceof SvgPen)) {
    const [across, down] = [Math.round(2 * x * ratio), Math.round(2 * y * ratio)];
    const sprite = spriteOf(colours, mark, Math.round(MARK_FINER * radius * ratio), across & 1, down & 1);
    const [middle, side] = [(sprite.width - 1) / 2, sprite.width / ratio];
    return pen.drawImage(sprite, ((across >> 1) - middle) / ratio, ((down >> 1) - middle) / ratio, side, side);
  }
  pen.save();
  pen.translate(x, y);
  pen.scale(radius / MARK_RADIUS);
  paintMark(/** @type {any} */ (pen), colours, mark);
  pen.restore();
}

/** @param {any} colours @param {Mark} mark @param {number} radius in fine steps @param {number} right 1: half a pixel to the right @param {number} below @returns {HTMLCanvasElement} */
function spriteOf(colours, mark, radius, right, below) {
  const filling = mark.label < 0 ? 3 : mark.label % 3;
  const key = radius * 64 + filling * 16 + Number(mark.source) * 8 + Number(mark.wrong) * 4 + right * 2 + below;
  const known = colours.sprites.get(key);
  if (known) return known;
  const scale = radius / MARK_FINER / MARK_RADIUS;
  const middle = Math.ceil(MARK_HALF * scale);
  const pen = penOf(2 * middle + 1);
  pen.translate(middle + right / 2, middle + below / 2);
  pen.scale(scale, scale);
  paintMark(pen, colours, mark);
  colours.sprites.set(key, pen.canvas);
  return pen.canvas;
}

/** @param {CanvasRenderingContext2D} pen @param {any} colours @param {Mark} mark */
function paintMark(pen, colours, { source, label, wrong }) {
  const colour = source ? colours.source : colours.target;
  pen.beginPath();
  if (source) pen.arc(0, 0, MARK_RADIUS, 0, 7);
  else {
    const d = MARK_RADIUS * 1.2;
    pen.moveTo(0, -d);
    pen.lineTo(d, 0);
    pen.lineTo(0, d);
    pen.lineTo(-d, 0);
    pen.closePath();
  }
  pen.fillStyle = label % 3 === 0 ? colour : colours.paper;
  pen.fill();
  pen.strokeStyle = colour;
  pen.lineWidth = 1.7;
  pen.stroke();
  if (label % 3 === 2) {
    pen.beginPath();
    pen.arc(0, 0, 1.4, 0, 7);
    pen.fillStyle = colour;
    pen.fill();
  }
  if (!wrong) return;
  pen.strokeStyle = colours.wrong;
  pen.lineWidth = 1.6;
  pen.beginPath();
  pen.arc(0, 0, 6, 0, 7);
  pen.stroke();
}
