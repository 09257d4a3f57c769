// @ts-check
// The mark of a sample: a circle in the source and a diamond in the target; filled, open or dotted by class; in a ring
// where it is taken for another class.

const MARK_RADIUS = 4;
const MARK_HALF = 7; // of the square in which a mark has room
const MARK_FINER = 4; // radii in quarters of a pixel

/** @typedef {{source: boolean, label: number, wrong: boolean}} Mark */

/** @typedef {{canvas: HTMLCanvasElement, words: Uint32Array, side: number}} Sprite */

/** Pixels in one's own hand: a thousand marks are copied into them in a fraction of the time that a pen takes. */
class Pixels {
  /** @param {number} side */
  constructor(side) {
    this.side = side;
    this.pen = penOf(side);
    this.image = this.pen.createImageData(side, side);
    this.words = new Uint32Array(this.image.data.buffer);
    this.globalAlpha = 1;
  }

  /** @param {Sprite} sprite @param {number} left @param {number} top */
  lay({ words, side }, left, top) {
    const { words: all, side: width, globalAlpha } = this;
    const [from, to] = [Math.max(0, -left), Math.min(side, width - left)];
    for (let row = Math.max(0, -top); row < Math.min(side, width - top); row++) {
      const [before, start] = [row * side, (top + row) * width + left];
      for (let column = from; column < to; column++) {
        const over = words[before + column];
        const opacity = (over >>> 24) * globalAlpha;
        if (opacity) all[start + column] = opacity === 255 ? over : laidOver(over, opacity, all[start + column]);
      }
    }
  }

  /** Bring all that was laid onto the pen's canvas. */
  show() {
    this.pen.putImageData(this.image, 0, 0);
  }
}

/** A colour over another one, as words of a little-endian machine: alpha, blue, green, red. @param {number} over @param {number} opacity of it, up to 255 @param {number} under */
function laidOver(over, opacity, under) {
  const rest = ((under >>> 24) * (255 - opacity)) / 255;
  const sum = opacity + rest;
  const red = ((over & 255) * opacity + (under & 255) * rest) / sum;
  const green = (((over >>> 8) & 255) * opacity + ((under >>> 8) & 255) * rest) / sum;
  const blue = (((over >>> 16) & 255) * opacity + ((under >>> 16) & 255) * rest) / sum;
  return (sum << 24) | (blue << 16) | (green << 8) | red;
}

/**
 * Put a mark at a place: on an SVG its shapes, elsewhere a picture of it, which is painted once. The picture lies on
 * whole pixels of the screen, where it is copied and not smoothed; there is one for each half of a pixel.
 * @param {CanvasRenderingContext2D | Pixels} pen @param {any} colours @param {Mark} mark @param {number} x @param {number} y @param {number} radius @param {number} ratio */
function stamp(pen, colours, mark, x, y, radius, ratio) {
  if (!(pen instanceof SvgPen)) {
    const [across, down] = [Math.round(2 * x * ratio), Math.round(2 * y * ratio)];
    const sprite = spriteOf(colours, mark, Math.round(MARK_FINER * radius * ratio), across & 1, down & 1);
    const middle = (sprite.side - 1) / 2;
    const [left, top] = [(across >> 1) - middle, (down >> 1) - middle];
    if (pen instanceof Pixels) return pen.lay(sprite, left, top);
    return pen.drawImage(sprite.canvas, left / ratio, top / ratio, sprite.side / ratio, sprite.side / ratio);
  }
  pen.save();
  pen.translate(x, y);
  pen.scale(radius / MARK_RADIUS);
  paintMark(/** @type {any} */ (pen), colours, mark);
  pen.restore();
}

/** @param {any} colours @param {Mark} mark @param {number} radius in fine steps @param {number} right 1: half a pixel to the right @param {number} below @returns {Sprite} */
function spriteOf(colours, mark, radius, right, below) {
  const filling = mark.label < 0 ? 3 : mark.label % 3;
  const key = radius * 64 + filling * 16 + Number(mark.source) * 8 + Number(mark.wrong) * 4 + right * 2 + below;
  const known = colours.sprites.get(key);
  if (known) return known;
  const scale = radius / MARK_FINER / MARK_RADIUS;
  const middle = Math.ceil(MARK_HALF * scale);
  const side = 2 * middle + 1;
  const pen = penOf(side);
  pen.translate(middle + right / 2, middle + below / 2);
  pen.scale(scale, scale);
  paintMark(pen, colours, mark);
  const sprite = { canvas: pen.canvas, words: new Uint32Array(pen.getImageData(0, 0, side, side).data.buffer), side };
  colours.sprites.set(key, sprite);
  return sprite;
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
