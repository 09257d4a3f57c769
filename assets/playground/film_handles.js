// Handles on the picture: they move, turn and stretch the target and its classes, and the points follow at once.

import { filled, strokeLine } from "../shared/elements.js";
import { decodeOwn } from "./film_brush.js";
/** @import { Header } from "./film_file.js" */
/** @import { Picture } from "./film_picture.js" */
/** @import { Stage } from "./film_stage.js" */
/** @import { Playground } from "./playground.js" */

const ARM = 0.3; // of the picture's side, from the target's middle to where its turn is gripped

export class Handles {
  /** @param {Playground} playground */
  constructor(playground) {
    this.playground = playground;
    /** @type {any} the settings that the film on the screen was made with */
    this.made = null;
  }

  get params() {
    return this.playground.data.params;
  }

  /**
   * The points as the hand has them now, before a film shows them, or a share of their shift on the way; null where
   * they lie as given. @param {Stage} stage @param {number} share
   */
  preview(stage, share = 1) {
    const { shifts } = this.playground.hand;
    if (!this.made || !stage.film?.header || (!shifts && share === 1)) return null;
    const { given, label, source_count } = stage.film.header;
    const from = this.made;
    const to = shifts ? this.params : partway(from, share);
    const own = decodeOwn(from.points);
    const places = new Float32Array(given);
    const [back, on] = [inverse(matrix(from)), matrix(to)];
    const [gone, come] = [moves(from.class_moves), moves(to.class_moves)];
    for (let i = source_count; i < label.length - own[1].length; i++) {
      const c = Math.max(0, label[i]);
      const [x, y] = [given[2 * i] - from.right - gone[c][0], given[2 * i + 1] - from.up - gone[c][1]];
      const [u, v] = [back[0] * x + back[1] * y, back[2] * x + back[3] * y];
      places[2 * i] = on[0] * u + on[1] * v + to.right + come[c][0];
      places[2 * i + 1] = on[2] * u + on[3] * v + to.up + come[c][1];
    }
    return places;
  }

  /** Where the handles are, in the plane: the target's centre, its turn, its stretch, and a letter for each class. */
  spots() {
    const stage = this.playground.stages[0];
    const header = stage?.film?.header;
    if (!header || !this.playground.data.editable || this.params.shape === "none") return [];
    const places = this.preview(stage) ?? header.given;
    const { label, classes, source_count, box } = header;
    const { texts } = this.playground.data;
    const sums = classes.map(() => [0, 0, 0]);
    for (let i = source_count; i < label.length; i++) {
      if (label[i] < 0) continue;
      sums[label[i]][0] += places[2 * i];
      sums[label[i]][1] += places[2 * i + 1];
      sums[label[i]][2] += 1;
    }
    const { turn, stretch, right, up } = this.params;
    const [cos, sin] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
    const arm = (box[2] - box[0]) * ARM;
    const wide = arm * 0.8 * (1 + Math.log2(stretch) / 4);
    return [
      { name: "move", says: texts.gripMove, x: right, y: up, sign: "✥" },
      { name: "turn", says: texts.gripTurn, x: right - sin * arm, y: up + cos * arm, sign: "⟳" },
      { name: "stretch", says: texts.gripStretch, x: right + cos * wide, y: up + sin * wide, sign: "⇔" },
      ...sums.flatMap((/** @type {number[]} */ [x, y, n], /** @type {number} */ index) => {
        const sign = classes[index];
        return n ? [{ name: `class ${index}`, says: filled(texts.gripClass, { name: sign }), x: x / n, y: y / n, sign }] : [];
      }),
    ];
  }

  /** @param {CanvasRenderingContext2D} pen @param {Picture} picture */
  draw(pen, picture) {
    const { x, y } = picture.scale(picture.box(0));
    const colours = picture.stage.paint();
    const spots = this.spots();
    pen.strokeStyle = colours.target;
    pen.globalAlpha = 0.7;
    pen.lineWidth = 1.5;
    for (const spot of spots.slice(1, 3)) strokeLine(pen, x(spots[0].x), y(spots[0].y), x(spot.x), y(spot.y));
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    pen.font = "600 13px sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const spot of spots) {
      pen.beginPath();
      pen.arc(x(spot.x), y(spot.y), 11, 0, 7);
      pen.fillStyle = colours.paper;
      pen.fill();
      pen.stroke();
      pen.fillStyle = colours.ink;
      pen.fillText(spot.sign, x(spot.x), y(spot.y) + 0.5);
    }
  }

  /** The settings after a handle was dragged. @param {{name: string, params: any, from: [number, number]}} grip @param {[number, number]} place */
  moved({ params, from, name }, place) {
    const [dx, dy] = [place[0] - from[0], place[1] - from[1]];
    const rounded = (/** @type {number} */ value, step = 0.1) => Number((Math.round(value / step) * step).toFixed(3));
    const bounded = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) => Math.max(low, Math.min(high, value));
    if (name === "move") return { right: bounded(rounded(params.right + dx), -6, 6), up: bounded(rounded(params.up + dy), -6, 6) };
    const [ax, ay] = [place[0] - params.right, place[1] - params.up];
    if (name === "turn") return { turn: bounded(rounded((Math.atan2(-ax, ay) * 180) / Math.PI, 1), -180, 180) };
    if (name === "stretch") {
      const [left, , right] = /** @type {Header} */ (this.playground.stages[0].film?.header).box;
      const along = ax * Math.cos((params.turn * Math.PI) / 180) + ay * Math.sin((params.turn * Math.PI) / 180);
      return { stretch: bounded(rounded(2 ** (4 * (along / ((right - left) * ARM * 0.8) - 1)), 0.05), 0.25, 4) };
    }
    const all = moves(params.class_moves);
    const index = Number(name.split(" ")[1]);
    all[index] = [bounded(rounded(all[index][0] + dx, 0.05), -6, 6), bounded(rounded(all[index][1] + dy, 0.05), -6, 6)];
    while (all.length && !all[all.length - 1].some(Boolean)) all.pop();
    return { class_moves: all.map((pair) => pair.join(",")).join(";") };
  }
}

/** A share of the way on which settings move the target. @param {any} params @param {number} share */
export function partway(params, share) {
  const class_moves = moves(params.class_moves).map((pair) => pair.map((far) => far * share).join(",")).join(";");
  const [turn, right, up] = [params.turn * share, params.right * share, params.up * share];
  return { ...params, turn, right, up, stretch: params.stretch ** share, class_moves };
}

/** Rotation after stretch, as [a, b, c, d] of rows. @param {any} params */
function matrix({ turn, stretch }) {
  const [cos, sin] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
  return [cos * stretch, -sin / stretch, sin * stretch, cos / stretch];
}

/** @param {number[]} m */
function inverse([a, b, c, d]) {
  const det = a * d - b * c;
  return [d / det, -b / det, -c / det, a / det];
}

/** @param {string} text @returns {number[][]} */
export function moves(text) {
  const read = text.split(";").filter(Boolean).map((pair) => pair.split(",").map(Number));
  return [0, 1, 2].map((index) => (read[index]?.length === 2 && read[index].every(Number.isFinite) ? read[index] : [0, 0]));
}
