// The pictures of a stage: the plane as given, and the features.

import { between, fitted, penOf, strokeLine } from "../shared/elements.js";
import { doneAt } from "./film_acts.js";
import { SIDE, SMALL_SIDE } from "./film_file.js";
import { stamp } from "./film_marks.js";
import { SvgPen } from "./film_svg.js";
/** @import { Film, Frame, Header } from "./film_file.js" */
/** @import { Stage } from "./film_stage.js" */

const BOX = [-4, -4, 4, 4]; // of the plane that is shown before there is a film

/** One canvas of a stage. */
export class Picture {
  /** @param {Stage} stage @param {string} name @param {HTMLElement} figure */
  constructor(stage, name, figure) {
    this.stage = stage;
    this.name = name;
    this.figure = figure;
    /** @type {HTMLElement} */
    this.plot = /** @type {any} */ (figure.querySelector(".plot"));
    /** @type {HTMLCanvasElement} */
    this.canvas = /** @type {any} */ (figure.querySelector("canvas"));
    this.side = 0; // CSS pixels
    this.painted = false;
    this.inSight = true; // what is out of sight is not drawn: a browser would keep the strokes of each frame until it is
    new IntersectionObserver((entries) => {
      this.inSight = entries[entries.length - 1].isIntersecting;
      stage.playground.player.draw();
    }).observe(this.plot);
    /** @type {any} */
    this.layer = null;
    // on the points as given the hand picks
    if (name !== "given") this.canvas.onclick = (event) => stage.playground.pick(this.nearest([event.offsetX, event.offsetY]));
  }

  /** Ask for the size once for many frames: to ask in each would have the page laid out in each. */
  measure() {
    this.side = this.plot.clientWidth;
  }

  /** Of a mark. */
  get radius() {
    return Math.max(2.2, Math.min(4.5, this.side / 90));
  }

  /** @param {string} title */
  say(title) {
    /** @type {any} */ (this.figure.querySelector("figcaption")).textContent = title;
    this.canvas.setAttribute("aria-label", title);
  }

  /** The part of the plane that is shown, at time t: what all frames need, or what this one does. @param {number} t */
  box(t) {
    const { film } = this.stage;
    if (!film?.header) return BOX;
    if (this.name === "given") return film.header.box;
    const at = film.frames[Math.floor(t)];
    const next = film.frames[Math.min(Math.floor(t) + 1, film.frames.length - 1)];
    if (next.dimensions !== at.dimensions) return at.feature_box;
    return at.feature_box.map((edge, i) => edge + (next.feature_box[i] - edge) * (t - Math.floor(t)));
  }

  /** Where a place of the plane lies on the canvas, in CSS pixels. @param {number[]} box */
  scale(box) {
    const { side } = this;
    const [left, , right, above] = box;
    const unit = side / (right - left || 1);
    return {
      unit,
      x: (/** @type {number} */ x) => (x - left) * unit,
      y: (/** @type {number} */ y) => (above - y) * unit,
    };
  }

  /** @param {number} t */
  placesAt(t) {
    const film = /** @type {Film} */ (this.stage.film);
    if (this.name === "given") {
      const share = film.frames[Math.floor(t)]?.numbers.slide ?? 1;
      const { hand } = this.stage.playground;
      return hand.moved(this.stage, Math.floor(t), hand.handles.preview(this.stage, share) ?? film.header?.given ?? []);
    }
    const [at, part] = [Math.floor(t), t - Math.floor(t)];
    const [now, next] = [film.frames[at].places, film.frames[Math.min(at + 1, film.frames.length - 1)].places];
    return part ? between(now, next, part) : now;
  }

  /** @param {number} t */
  draw(t) {
    const { film } = this.stage;
    const { side } = this;
    const own = this.name === "given" ? this.stage.playground.hand.unshown(this.stage) : null;
    const filmed = film?.header && film.frames.length > 0;
    if (!side || (this.painted && !this.inSight) || (!filmed && !own)) return;
    this.painted = true; // once, for whoever prints the page
    const ratio = devicePixelRatio || 1;
    const pen = fitted(this.canvas, side, side);
    if (filmed && !own?.alone) this.paintOn(pen, t, ratio);
    if (own) this.ownPoints(pen, own.points, ratio);
  }

  /** Points of one's own of which there is no film yet. @param {CanvasRenderingContext2D} pen @param {number[][][]} own @param {number} ratio */
  ownPoints(pen, own, ratio) {
    const { x, y } = this.scale(this.box(0));
    own.forEach((points, domain) => {
      for (const [across, up, label] of points) {
        stamp(pen, this.stage.paint(), { source: !domain, label, wrong: false }, x(across), y(up), this.radius, ratio);
      }
    });
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} t @param {number} ratio */
  paintOn(pen, t, ratio) {
    const { stage } = this;
    const film = /** @type {Film} */ (stage.film);
    const colours = stage.paint();
    const box = this.box(t);
    const { x, y, unit } = this.scale(box);
    const at = Math.min(Math.floor(t), film.frames.length - 1);
    const [frame, next, part] = [film.frames[at], film.frames[Math.min(at + 1, film.frames.length - 1)], t - at];
    pen.imageSmoothingEnabled = true;
    const then = next.dimensions === frame.dimensions ? next : frame;
    const field = this.name === "given" ? stage.fieldOf(frame.field, then.field, part, SIDE) : stage.fieldOf(frame.feature_field, then.feature_field, part, SMALL_SIDE);
    pen.drawImage(field, x(box[0]), y(box[3]), (box[2] - box[0]) * unit, (box[3] - box[1]) * unit);
    const shown = part > 0.5 ? next : frame; // as `frameShown` has it
    if (this.name === "given") {
      if (shown.domain) this.levels(pen, shown.domain, [128], box, colours.ink, [6, 4], 1.6);
      if (film.header?.ratio) this.levels(pen, film.header.ratio, [0.25, 0.5, 1, 2, 4], box, colours.ink, [2, 3], 1);
      if (shown.lines) this.subspaces(pen, shown.lines, box);
    }
    const places = this.placesAt(t);
    const weights = weightsBetween(frame.weights, next.weights, part, film.header?.source_count ?? 0);
    if (shown.threads && this.name === "given") this.threads(pen, shown, places, x, y);
    const points = (/** @type {CanvasRenderingContext2D} */ on) => this.points(on, places, shown, weights, x, y, ratio);
    if (this.name !== "given" || weights || pen instanceof SvgPen) points(pen);
    else this.layered(pen, ratio, [places, shown, colours, ratio, this.side, stage.playground.game.hides(this)], points);
    if (shown.forces && this.name === "features" && !stage.playground.game.hides(this)) this.arrows(pen, shown, places, box, x, y, unit);
    if (stage.chosen >= 0) {
      pen.strokeStyle = colours.ink;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x(places[2 * stage.chosen]), y(places[2 * stage.chosen + 1]), 8, 0, 7);
      pen.stroke();
    }
  }

  /** Paint, on a layer of its own, what stays as long as these things are the same: points that lie still. @param {CanvasRenderingContext2D} pen @param {number} ratio @param {any[]} things @param {(on: CanvasRenderingContext2D) => void} paint */
  layered(pen, ratio, things, paint) {
    const pixels = Math.round(this.side * ratio);
    if (this.layer?.on.canvas.width !== pixels) this.layer = { on: penOf(pixels), things: [] };
    const { on } = this.layer;
    if (things.some((one, i) => one !== this.layer.things[i])) {
      this.layer.things = things;
      on.setTransform(ratio, 0, 0, ratio, 0, 0);
      on.clearRect(0, 0, this.side + 1, this.side + 1);
      paint(on);
    }
    pen.drawImage(on.canvas, 0, 0, pixels / ratio, pixels / ratio);
  }

  /** @param {CanvasRenderingContext2D} pen @param {ArrayLike<number>} places @param {Frame} frame @param {ArrayLike<number> | null} weights @param {(x: number) => number} x @param {(y: number) => number} y @param {number} ratio */
  points(pen, places, frame, weights, x, y, ratio) {
    const { stage } = this;
    const film = /** @type {Film} */ (stage.film);
    const { header } = film;
    if (!header) return;
    const { label, source_count } = header;
    const colours = stage.paint();
    const { radius } = this;
    const hidden = stage.playground.game.hides(this);
    const left = new Set(doneAt(stage.film, film.frames.indexOf(frame)).filter((act) => act.what === "drop").map((act) => act.row));
    for (let i = 0; i < label.length; i++) {
      if (hidden) continue;
      const source = i < source_count;
      const size = source && weights ? radius * Math.min(4, Math.max(0.3, Math.sqrt(weights[i]))) : radius;
      const wrong = label[i] >= 0 && frame.predicted[i] !== label[i];
      pen.globalAlpha = left.has(i) ? 0.25 : 1;
      stamp(pen, colours, { source, label: label[i], wrong }, x(places[2 * i]), y(places[2 * i + 1]), size, ratio);
    }
    pen.globalAlpha = 1;
  }

  /** Lines where a field over the box has these values. @param {CanvasRenderingContext2D} pen @param {ArrayLike<number>} cells @param {number[]} levels @param {number[]} box @param {string} colour @param {number[]} dash @param {number} width */
  levels(pen, cells, levels, box, colour, dash, width) {
    const { x, y } = this.scale(box);
    const step = (box[2] - box[0]) / SMALL_SIDE;
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    for (const level of levels) {
      pen.beginPath();
      for (const [x1, y1, x2, y2] of contour(cells, SMALL_SIDE, level)) {
        pen.moveTo(x(box[0] + (x1 + 0.5) * step), y(box[1] + (y1 + 0.5) * step));
        pen.lineTo(x(box[0] + (x2 + 0.5) * step), y(box[1] + (y2 + 0.5) * step));
      }
      pen.globalAlpha = 0.75;
      pen.stroke();
    }
    pen.globalAlpha = 1;
    pen.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} pen @param {Float32Array} lines @param {number[]} box */
  subspaces(pen, lines, box) {
    const { x, y } = this.scale(box);
    const colours = this.stage.paint();
    for (const at of [0, 4]) {
      const [x1, y1, x2, y2] = lines.subarray(at);
      pen.strokeStyle = at ? colours.target : colours.source;
      pen.lineWidth = 3;
      strokeLine(pen, x(x1), y(y1), x(x2), y(y2));
    }
  }

  /** Threads of mass; of a chosen sample only its own. @param {CanvasRenderingContext2D} pen @param {Frame} frame @param {ArrayLike<number>} places @param {(x: number) => number} x @param {(y: number) => number} y */
  threads(pen, frame, places, x, y) {
    const { threads, masses } = /** @type {any} */ (frame);
    const { chosen } = this.stage;
    pen.strokeStyle = this.stage.paint().ink;
    for (let i = 0; i < masses.length; i++) {
      const [from, to] = [threads[2 * i], threads[2 * i + 1]];
      if (chosen >= 0 && from !== chosen && to !== chosen) continue;
      pen.globalAlpha = chosen >= 0 ? 0.8 : 0.22;
      pen.lineWidth = Math.max(0.3, masses[i] * (chosen >= 0 ? 4 : 1.6));
      strokeLine(pen, x(places[2 * from]), y(places[2 * from + 1]), x(places[2 * to]), y(places[2 * to + 1]));
    }
    pen.globalAlpha = 1;
  }

  /** How the losses pull some samples. @param {CanvasRenderingContext2D} pen @param {Frame} frame @param {ArrayLike<number>} places @param {number[]} box @param {(x: number) => number} x @param {(y: number) => number} y @param {number} unit */
  arrows(pen, frame, places, box, x, y, unit) {
    const { forced } = /** @type {Header} */ (this.stage.film?.header);
    const pulls = /** @type {Float64Array} */ (frame.forces);
    const colours = this.stage.paint();
    const reach = ((box[2] - box[0]) * unit * 0.11) / (Math.max(...pulls.map(Math.abs)) || 1);
    for (const force of [0, 1]) {
      pen.strokeStyle = force ? colours.pullOfMethod : colours.pullOfClass;
      pen.lineWidth = 1.5;
      pen.beginPath();
      for (let k = 0; k < forced.length; k++) {
        const [dx, dy] = [pulls[2 * (force * forced.length + k)] * reach, -pulls[2 * (force * forced.length + k) + 1] * reach];
        if (Math.hypot(dx, dy) < 2) continue;
        const [px, py] = [x(places[2 * forced[k]]), y(places[2 * forced[k] + 1])];
        const [ux, uy] = [dx / Math.hypot(dx, dy), dy / Math.hypot(dx, dy)];
        pen.moveTo(px, py);
        pen.lineTo(px + dx, py + dy);
        pen.lineTo(px + dx - 4 * ux + 2.5 * uy, py + dy - 4 * uy - 2.5 * ux);
        pen.moveTo(px + dx, py + dy);
        pen.lineTo(px + dx - 4 * ux - 2.5 * uy, py + dy - 4 * uy + 2.5 * ux);
      }
      pen.stroke();
    }
  }

  /** The sample at a place of the canvas, or -1. @param {[number, number]} pixel */
  nearest([across, down], reach = 14) {
    if (!this.stage.film?.frames.length) return -1;
    const t = this.stage.playground.player.time(this.stage);
    const { x, y } = this.scale(this.box(t));
    const places = this.placesAt(t);
    let [best, least] = [-1, reach];
    for (let i = 0; i < places.length / 2; i++) {
      const far = Math.hypot(x(places[2 * i]) - across, y(places[2 * i + 1]) - down);
      if (far < least) [best, least] = [i, far];
    }
    return best;
  }
}

/** Weights between two frames; null where the samples have none. @param {Float64Array | undefined} now @param {Float64Array | undefined} next @param {number} part @param {number} count */
function weightsBetween(now, next, part, count) {
  if (!now && !next) return null;
  const [from, to] = [now ?? new Float64Array(count).fill(1), next ?? new Float64Array(count).fill(1)];
  return between(from, to, part);
}

/** @type {WeakMap<ArrayLike<number>, Record<number, number[][]>>} */
const contours = new WeakMap();

/** Pieces of the line at which cells of a square field cross a level (marching squares), computed once for each field. @param {ArrayLike<number>} cells @param {number} side @param {number} level @returns {number[][]} */
function contour(cells, side, level) {
  const known = contours.get(cells) ?? {};
  if (known[level]) return known[level];
  /** @type {number[][]} */
  const pieces = (known[level] = []);
  contours.set(cells, known);
  const cut = (/** @type {number} */ a, /** @type {number} */ b) => (level - a) / (b - a);
  for (let row = 0; row < side - 1; row++) {
    for (let column = 0; column < side - 1; column++) {
      const at = row * side + column;
      const [a, b, c, d] = [cells[at], cells[at + 1], cells[at + side + 1], cells[at + side]];
      const ends = [];
      if (a > level !== b > level) ends.push([column + cut(a, b), row]);
      if (b > level !== c > level) ends.push([column + 1, row + cut(b, c)]);
      if (d > level !== c > level) ends.push([column + cut(d, c), row + 1]);
      if (a > level !== d > level) ends.push([column, row + cut(a, d)]);
      for (let i = 0; i + 1 < ends.length; i += 2) pieces.push([...ends[i], ...ends[i + 1]]);
    }
  }
  return pieces;
}
