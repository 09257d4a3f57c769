// A line drawn by hand before the outcome is shown: heights at some places, dragged or moved with the arrow keys. In a
// room the lines of all lie over one another.
// Everything said comes in `data` already translated; text is set through textContent only.

import { component } from "../shared/component.js";
import { filled, makeSvg } from "../shared/elements.js";

const WIDTH = 600;
const HEIGHT = 360;
const LEFT = 56;
const MARGIN = 34;
/** Steps of an arrow key from the bottom to the top. */
const STEPS = 40;

export class Sketch {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @param {string} selector @returns {any} */
    this.find = (selector) => root.querySelector(selector);
    this.svg = this.find("svg");
    /** @type {number[]} */
    this.line = [];
    this.chosen = 0;
    /** @type {number | null} the knot that the pointer was at last */
    this.last = null;
    this.svg.onpointerdown = (/** @type {PointerEvent} */ event) => {
      if (!this.data.editable) return;
      this.svg.setPointerCapture(event.pointerId);
      this.last = null;
      this.drag(event);
    };
    this.svg.onpointermove = (/** @type {PointerEvent} */ event) => this.svg.hasPointerCapture(event.pointerId) && this.drag(event);
    this.svg.onkeydown = (/** @type {KeyboardEvent} */ event) => this.key(event);
    this.find("button").onclick = () => this.commit?.(this.line);
  }

  /** @param {any} data @param {(line: number[]) => void} commit */
  show(data, commit) {
    this.data = data;
    this.commit = commit;
    if (!data.editable) this.line = data.given ?? [];
    else if (data.given) this.line = data.given;
    else if (this.line.length !== data.knots.length) this.line = data.knots.map(() => (data.y[0] + data.y[1]) / 2);
    this.find("button").textContent = data.texts.commit;
    this.find("button").hidden = !data.editable;
    this.find(".hint").textContent = matchMedia("(pointer: coarse)").matches ? data.texts.touch : data.texts.hint;
    this.find(".hint").hidden = !data.editable;
    this.svg.setAttribute("aria-label", data.texts.what);
    const { yours, outcome, others, middle } = data.texts;
    const legend = [["yours", this.line.length, yours], ["came", data.outcome, outcome], ["others", data.others?.length, others], ["middle", data.middle, middle]];
    for (const [part, is, text] of legend) {
      this.find(`.${part}`).hidden = !is;
      this.find(`.${part} span`).textContent = text;
    }
    this.draw();
  }

  close() {}

  /** @param {number} x */
  across(x) {
    const [low, high] = this.data.x;
    return LEFT + ((x - low) / (high - low)) * (WIDTH - LEFT - MARGIN);
  }

  /** @param {number} y */
  up(y) {
    const [low, high] = this.data.y;
    return HEIGHT - MARGIN - ((y - low) / (high - low)) * (HEIGHT - 2 * MARGIN);
  }

  draw() {
    const focused = this.svg.contains(/** @type {any} */ (this.root.getRootNode()).activeElement);
    const { data } = this;
    this.svg.replaceChildren();
    this.svg.classList.toggle("editable", data.editable);
    this.add("rect", { class: "frame", x: LEFT, y: MARGIN, width: WIDTH - LEFT - MARGIN, height: HEIGHT - 2 * MARGIN });
    const [left, right] = data.x;
    const [bottom, top] = data.y;
    this.write(this.across(left), HEIGHT - 12, data.numbers.left, "start");
    this.write(this.across(right), HEIGHT - 12, data.numbers.right, "end");
    this.write((LEFT + WIDTH - MARGIN) / 2, HEIGHT - 12, data.texts.across, "middle");
    this.write(LEFT - 6, this.up(bottom), data.numbers.bottom, "end");
    this.write(LEFT - 6, this.up(top) + 10, data.numbers.top, "end");
    this.write(LEFT, MARGIN - 10, data.texts.up, "start");
    for (const [x, y, label] of data.points) this.point(x, y, label);
    const others = data.others ?? [];
    for (const line of others) this.path(line, "other").setAttribute("opacity", Math.max(0.25, 1 / Math.sqrt(others.length))); // many are a cloud
    if (data.middle) this.path(data.middle, "middle");
    this.path(this.line, "guess");
    if (data.outcome) this.path(data.outcome, "outcome");
    if (data.editable) data.knots.forEach((/** @type {number} */ x, /** @type {number} */ place) => this.knot(x, place));
    if (focused) this.svg.querySelector("[tabindex='0']")?.focus();
  }

  /** @param {string} name @param {Record<string, string | number>} attributes @returns {any} */
  add(name, attributes) {
    const part = makeSvg(name, attributes);
    this.svg.append(part);
    return part;
  }

  /** @param {number} x @param {number} y @param {string} text @param {string} anchor */
  write(x, y, text, anchor) {
    this.add("text", { x, y, "text-anchor": anchor }).textContent = text;
  }

  /** @param {number} x @param {number} y @param {number} label */
  point(x, y, label) {
    const [cx, cy] = [this.across(x), this.up(y)];
    const colour = this.data.colours.classes[label];
    if (label) this.add("path", { d: `M${cx - 4},${cy + 4}l4,-8l4,8z`, fill: colour });
    else this.add("circle", { cx, cy, r: 4, fill: colour });
  }

  /** @param {number[]} heights @param {string} kind */
  path(heights, kind) {
    const stops = heights.map((y, place) => `${this.across(this.data.knots[place])},${this.up(y)}`);
    return this.add("polyline", { class: kind, points: stops.join(" ") });
  }

  /** @param {number} x @param {number} place */
  knot(x, place) {
    const height = this.line[place];
    const { texts, unit, y } = this.data;
    const knot = this.add("circle", {
      class: "knot", cx: this.across(x), cy: this.up(height), r: 8, role: "slider", tabindex: place === this.chosen ? 0 : -1,
      "aria-label": `${texts.across} ${this.round(x)}`, "aria-orientation": "vertical",
      "aria-valuemin": y[0], "aria-valuemax": y[1], "aria-valuenow": this.round(height),
      "aria-valuetext": filled(texts.knot, { x: this.round(x), y: this.round(height) + unit }),
    });
    knot.onfocus = () => (this.chosen = place);
  }

  /** @param {number} value */
  round(value) {
    return String(Math.round(value * 100) / 100);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    const y = ((event.clientY - box.top) / box.height) * HEIGHT;
    const { knots } = this.data;
    const part = ((x - LEFT) / (WIDTH - LEFT - MARGIN)) * (knots.length - 1);
    const place = Math.min(knots.length - 1, Math.max(0, Math.round(part)));
    const [bottom, top] = this.data.y;
    const height = bottom + ((HEIGHT - MARGIN - y) / (HEIGHT - 2 * MARGIN)) * (top - bottom);
    this.set(place, height);
    if (this.last !== null && Math.abs(this.last - place) > 1) {
      const step = Math.sign(place - this.last);
      for (let between = this.last + step; between !== place; between += step) {
        const share = (between - this.last) / (place - this.last);
        this.set(between, this.line[this.last] + share * (this.line[place] - this.line[this.last]));
      }
    }
    this.last = this.chosen = place;
    this.draw();
  }

  /** @param {number} place @param {number} height */
  set(place, height) {
    const [bottom, top] = this.data.y;
    this.line = this.line.map((kept, at) => (at === place ? Math.min(top, Math.max(bottom, height)) : kept));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.data.editable) return;
    const [bottom, top] = this.data.y;
    const last = this.data.knots.length - 1;
    const rise = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
    const walk = { ArrowLeft: this.chosen - 1, ArrowRight: this.chosen + 1, Home: 0, End: last }[event.key];
    if (rise === undefined && walk === undefined) return;
    event.preventDefault();
    if (rise !== undefined) this.set(this.chosen, this.line[this.chosen] + (rise * (top - bottom)) / STEPS);
    if (walk !== undefined) this.chosen = Math.min(last, Math.max(0, walk));
    this.draw();
  }
}

export default component(".sketch", Sketch, "committed");
