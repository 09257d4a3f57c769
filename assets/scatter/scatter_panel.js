// One panel: its canvas with the points, which a pointer, a lasso and the keyboard reach.

import { fitted, strokeLine } from "../shared/elements.js";
import { entryOf } from "./scatter_colours.js";
import { nearestOf } from "./scatter_details.js";
import { Stamps, encloses, outline, reach } from "./scatter_marks.js";

const REACH = 26; // how near a pointer must be to a point, in CSS pixels
const DRAG = 6; // from here on a press that moves draws a lasso

export class Panel {
  base; // the canvas of the points
  over; // and that of what is pointed at
  trail; // of a press that may become a lasso

  // `own`: positions of a small panel that does not follow the choices of layout and epoch
  constructor(view, when, figure, own = null) {
    this.view = view;
    this.when = when;
    this.figure = figure;
    this.own = own;
    this.plot = figure.querySelector(".plot");
    if (own) this.ownExtent = reach([own]);
    [this.base, this.over] = figure.querySelectorAll("canvas");
    this.over.onpointerdown = (event) => this.press(event);
    this.over.onpointermove = (event) => this.drag(event);
    this.over.onpointerup = (event) => this.release(event);
    this.over.onpointercancel = () => this.drop();
    this.over.onpointerleave = (event) => event.pointerType === "mouse" && view.point(-1, this);
    this.over.onblur = () => view.point(-1, this);
    this.over.onkeydown = (event) => this.key(event);
  }

  caption() {
    const { texts, scores } = this.view.data;
    return [this.when === "after" ? this.view.course.title : texts[this.when], scores[this.view.stop(this.when)] ?? ""];
  }

  say(title = null) {
    const { texts, points } = this.view.data;
    const spans = this.figure.querySelectorAll("figcaption span");
    (title ? [title, ""] : this.caption()).forEach((text, index) => (spans[index].textContent = text));
    const said = [texts.panels[this.when], ...this.caption()].filter(Boolean);
    this.over.setAttribute("aria-label", title ?? said.join(" · "));
    const waiting = this.plot.querySelector("p");
    waiting.hidden = Boolean(this.own || points[this.view.layout]?.[this.when]);
    waiting.textContent = texts.waiting;
    // on a low screen, as a projector's, the panels leave room for what stands around them
    this.plot.style.height = this.own ? "" : `max(220px, min(${this.view.data.height}px, 62vh))`;
  }

  place() {
    return this.own ?? this.view.positions?.[this.when];
  }

  // pixels a unit, so that one scale serves both axes of both panels
  scale(width = this.plot.clientWidth, height = this.plot.clientHeight) {
    const [across, up] = this.ownExtent ?? this.view.extent;
    return (Math.min(width / across, height / up) / 2) * 0.92;
  }

  /** Where sample i lies in this panel, in CSS pixels: y goes up. @param {number} i @returns {[number, number]} */
  at(i) {
    const [place, scale] = [this.place(), this.scale()];
    return [this.plot.clientWidth / 2 + place[2 * i] * scale, this.plot.clientHeight / 2 - place[2 * i + 1] * scale];
  }

  shown(i) {
    const { only, classes, label } = this.view;
    return (only === null || entryOf(this.view, i, this.when) === only) && (!classes.size || classes.has(label[i]));
  }

  // ── pointer and keys ──────────────────────────────────────────────────────────────────────────────────────

  spot(event) {
    const box = this.over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  press(event) {
    this.trail = [this.spot(event)];
    if (event.pointerType === "mouse") this.over.setPointerCapture(event.pointerId);
  }

  drag(event) {
    const spot = this.spot(event);
    const [x, y] = this.trail?.[0] ?? spot;
    const lassos = this.trail && (event.pointerType !== "touch" || this.view.lassos) && event.buttons === 1;
    if (lassos && (this.trail.length > 1 || Math.hypot(spot[0] - x, spot[1] - y) > DRAG)) {
      this.trail.push(spot);
      this.view.point(-1, this);
      this.highlight();
    } else this.view.point(this.nearest(...spot), this);
  }

  release(event) {
    const trail = this.trail ?? [];
    this.drop();
    if (trail.length > 2) {
      const inside = new Uint8Array(this.view.count);
      for (let i = 0; i < inside.length; i++) inside[i] = this.shown(i) && encloses(trail, ...this.at(i)) ? 1 : 0;
      this.view.select(inside);
      this.view.around(false);
      return;
    }
    const nearest = this.nearest(...this.spot(event));
    if (nearest < 0) this.view.select(null);
    this.view.pin(nearest);
  }

  drop() {
    this.trail = null;
    this.highlight();
  }

  nearest(x, y) {
    const place = this.place();
    if (!place) return -1;
    const scale = this.scale();
    const [across, up] = [(x - this.plot.clientWidth / 2) / scale, (this.plot.clientHeight / 2 - y) / scale];
    let [best, reach] = [-1, (REACH / scale) ** 2];
    for (let i = 0; i < this.view.count; i++) {
      const far = (place[2 * i] - across) ** 2 + (place[2 * i + 1] - up) ** 2;
      if (far < reach && this.shown(i)) [best, reach] = [i, far];
    }
    return best;
  }

  key(event) {
    const { view } = this;
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (event.key === "Escape") {
      view.point(-1, this);
      view.select(null);
      view.pin(-1);
    }
    if (event.key === "Enter" && view.active >= 0) view.pin(view.active);
    if (!way || !this.place()) return;
    event.preventDefault();
    const from = view.active;
    const [x, y] = from < 0 ? [this.plot.clientWidth / 2, this.plot.clientHeight / 2] : this.at(from);
    let [best, least] = [-1, Infinity];
    for (let i = 0; i < view.count; i++) {
      const [px, py] = this.at(i);
      const along = from < 0 ? 0 : (px - x) * way[0] + (py - y) * way[1];
      const aside = Math.abs((px - x) * way[1]) + Math.abs((py - y) * way[0]);
      const cost = from < 0 ? Math.hypot(px - x, py - y) : along + 2 * aside;
      if (i !== from && this.shown(i) && (from < 0 || along > aside / 2) && cost < least) [best, least] = [i, cost];
    }
    if (best >= 0) view.point(best, this);
  }

  // ── drawing ───────────────────────────────────────────────────────────────────────────────────────────────

  draw() {
    const pen = fitted(this.base, this.plot.clientWidth, this.plot.clientHeight);
    this.scatter(pen, this.plot.clientWidth, this.plot.clientHeight, devicePixelRatio || 1);
  }

  // `ratio`: how many pixels of the canvas one CSS pixel is
  scatter(pen, width, height, ratio) {
    const { view, when } = this;
    const place = this.place();
    if (!place || !width) return;
    const { data, past, paint, t, selected } = view;
    const edge = getComputedStyle(view.root).getPropertyValue("--st-background-color") || "white";
    if (this.stamps?.edge !== edge || this.stamps.ratio !== ratio) this.stamps = new Stamps(edge, ratio);
    const { stamps } = this;
    const radius = Math.min(Math.max(Math.sqrt((width * height) / view.count) / 4.2, this.own ? 1.6 : 2.4), 5);
    const weighted = data.sizes && when === "after"; // before, all weigh the same
    const scale = this.scale(width, height);
    const whole = view.only === null && !view.classes.size && !selected;
    const [middle, centre] = [width / 2, height / 2];
    for (const i of view.order) {
      const x = middle + place[2 * i] * scale;
      const y = centre - place[2 * i + 1] * scale;
      if (x !== x) continue; // left out of this layout
      const source = i < data.sourceCount;
      const size = weighted && source ? radius * data.sizes[i] : radius;
      const shape = source ? "circle" : "diamond";
      const strength = whole || (this.shown(i) && (!selected || selected[i])) ? 0.85 : 0.07;
      const changing = past && past[when][i] !== paint[when][i];
      if (changing) {
        pen.globalAlpha = strength * (1 - t);
        stamps.press(pen, shape, past[when][i], size, x, y);
      }
      pen.globalAlpha = changing ? strength * t : strength;
      stamps.press(pen, shape, paint[when][i], size, x, y);
    }
    pen.globalAlpha = 1;
  }

  // rings around the active and the pinned sample, the latter's nearest of the other domain, and the lasso
  highlight() {
    const pen = fitted(this.over, this.plot.clientWidth, this.plot.clientHeight);
    const { view } = this;
    pen.strokeStyle = getComputedStyle(view.root).color;
    if (this.trail?.length > 1) {
      pen.setLineDash([3, 3]);
      pen.beginPath();
      this.trail.forEach(([x, y]) => pen.lineTo(x, y));
      pen.stroke();
      pen.setLineDash([]);
    }
    if (!this.place()) return;
    if (view.pinned >= 0) {
      pen.globalAlpha = 0.7;
      for (const i of nearestOf(view, view.pinned, view.stop(this.when))) {
        strokeLine(pen, ...this.at(view.pinned), ...this.at(i));
        this.ring(pen, i, 5);
      }
      pen.globalAlpha = 1;
      this.ring(pen, view.pinned, 8);
    }
    if (view.active >= 0) {
      this.trace(pen, view.active);
      this.ring(pen, view.active, 8);
    }
  }

  // in the second large panel, the way that a sample came
  trace(pen, i) {
    if (this.own || this.when !== "after" || !this.view.positions.before) return;
    const [fromX, fromY] = this.view.panels[0].at(i);
    pen.setLineDash([4, 4]);
    strokeLine(pen, fromX, fromY, ...this.at(i));
    pen.setLineDash([]);
    pen.stroke(outline(this.shape(i), fromX, fromY, 4));
  }

  ring(pen, i, size) {
    const [x, y] = this.at(i);
    pen.fillStyle = this.view.paint[this.when][i];
    pen.fill(outline(this.shape(i), x, y, size - 1));
    pen.lineWidth = 2;
    pen.stroke(outline(this.shape(i), x, y, size));
    pen.lineWidth = 1;
  }

  shape(i) {
    return i < this.view.data.sourceCount ? "circle" : "diamond";
  }
}
