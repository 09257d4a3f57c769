// @ts-check
// The mark of a sample: a circle in the source and a diamond in the target; filled, open or dotted by class; in a ring
// where it is taken for another class.

const MARK_RADIUS = 4;
const MARK_HALF = 7; // of the square in which a mark has room

/** @typedef {{source: boolean, label: number, wrong: boolean}} Mark */

/** Put a mark at a place: a picture of it, which is painted once, and on an SVG its shapes. @param {CanvasRenderingContext2D} pen @param {any} colours @param {Mark} mark @param {number} x @param {number} y @param {number} radius @param {number} ratio */
function stamp(pen, colours, mark, x, y, radius, ratio) {
  const half = (MARK_HALF * radius) / MARK_RADIUS;
  if (!(pen instanceof SvgPen)) return pen.drawImage(spriteOf(colours, mark, ratio), x - half, y - half, 2 * half, 2 * half);
  pen.save();
  pen.translate(x, y);
  pen.scale(radius / MARK_RADIUS);
  paintMark(/** @type {any} */ (pen), colours, mark);
  pen.restore();
}

/** @param {any} colours @param {Mark} mark @param {number} ratio @returns {HTMLCanvasElement} */
function spriteOf(colours, mark, ratio) {
  const key = `${mark.source} ${mark.label} ${mark.wrong} ${ratio}`;
  const known = colours.sprites.get(key);
  if (known) return known;
  const canvas = document.createElement("canvas");
  const scale = 2 * ratio;
  canvas.width = canvas.height = 2 * MARK_HALF * scale;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(scale, scale);
  pen.translate(MARK_HALF, MARK_HALF);
  paintMark(pen, colours, mark);
  colours.sprites.set(key, canvas);
  return canvas;
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
