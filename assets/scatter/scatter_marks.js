// Marks and small tools of the scatter panels.

import { between, makeSvg, penOf, rgb } from "../shared/elements.js";
import { unpacked } from "../shared/packed_arrays.js";

// marks drawn once a look and then copied, which is several times faster than drawing each point's path
export class Stamps {
  made = { circle: new Map(), diamond: new Map() };

  constructor(edge, ratio) {
    this.edge = edge;
    this.ratio = ratio;
  }

  press(pen, shape, colour, radius, x, y) {
    const quarters = Math.round(radius * 4);
    const sizes = this.made[shape];
    let stamps = sizes.get(colour);
    if (!stamps) sizes.set(colour, (stamps = []));
    const stamp = (stamps[quarters] ??= this.make(shape, colour, quarters / 4));
    const side = stamp.width / this.ratio;
    const whole = (value) => Math.round((value - side / 2) * this.ratio) / this.ratio; // no blur between two pixels
    pen.drawImage(stamp, whole(x), whole(y), side, side);
  }

  make(shape, colour, radius) {
    const pen = penOf(2 * Math.ceil((radius * 1.25 + 1) * this.ratio));
    const middle = pen.canvas.width / this.ratio / 2;
    pen.scale(this.ratio, this.ratio);
    const path = outline(shape, middle, middle, radius);
    pen.fillStyle = colour;
    pen.fill(path);
    pen.lineWidth = 0.6;
    pen.strokeStyle = this.edge;
    pen.stroke(path);
    return pen.canvas;
  }
}

export function outline(shape, x, y, r) {
  const path = new Path2D();
  if (shape === "diamond") {
    const d = r * 1.25; // looks as large as the circle of radius r
    path.moveTo(x, y - d);
    path.lineTo(x + d, y);
    path.lineTo(x, y + d);
    path.lineTo(x - d, y);
    path.closePath();
  } else path.arc(x, y, r, 0, 2 * Math.PI);
  return path;
}

// places on their way to others of the same samples, else those others
export function onTheWay(from, to, t) {
  return !from || !to || from.length !== to.length || t === 1 ? to : between(from, to, t);
}

// how far points lie from the middle, across and up, in all of these places together
export function reach(places) {
  const far = [1e-6, 1e-6];
  for (const place of places) place?.forEach((value, i) => value === value && (far[i % 2] = Math.max(far[i % 2], Math.abs(value))));
  return far;
}

// arrays that came packed, unpacked once for many frames
const known = new Map();
export function decoded(text) {
  if (!known.has(text)) {
    if (known.size > 200) known.clear();
    known.set(text, unpacked(text));
  }
  return known.get(text);
}

// the colour at a share of the way along a scale, in steps that marks can share
export function ramp(scale, share) {
  const place = (Math.round(share * 24) / 24) * (scale.length - 1);
  const low = Math.min(Math.floor(place), scale.length - 2);
  const rest = Math.round((place - low) * 100);
  return mixture(scale[low], scale[low + 1], rest);
}

const mixed = new Map();
function mixture(from, to, percent) {
  const key = `${from}${to}${percent}`;
  if (!mixed.has(key)) {
    mixed.set(key, `rgb(${[...between(rgb(from), rgb(to), percent / 100)].map(Math.round).join(",")})`);
  }
  return mixed.get(key);
}

// whether a closed line goes around a spot (even-odd rule)
export function encloses(trail, x, y) {
  let inside = false;
  for (let a = 0, b = trail.length - 1; a < trail.length; b = a++) {
    const [[ax, ay], [bx, by]] = [trail[a], trail[b]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

// one order for both panels, so that neither domain always lies on top; fixed, so that nothing flickers
export function shuffled(count) {
  const order = Array.from({ length: count }, (_, i) => i);
  let seed = 1;
  for (let i = count - 1; i > 0; i--) {
    seed = (seed * 48271) % 2147483647;
    const j = seed % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

export function mark(shape, colour) {
  const circle = "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0";
  const d = { circle, diamond: "M0,-6L6,0L0,6L-6,0Z", dot: "M-5,-5h10v10h-10z" }[shape];
  const stroke = colour === "none" ? "currentColor" : "none";
  return makeSvg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": true }, makeSvg("path", { d, fill: colour, stroke, "stroke-width": 1.5 }));
}

export function icon(d) {
  return makeSvg("svg", { viewBox: "0 0 24 24", "aria-hidden": true }, makeSvg("path", { d, fill: "currentColor" }));
}
