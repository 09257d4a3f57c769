// @ts-check
// Data by hand: handles that move, turn and stretch the target and its classes; brush, eraser, undo.

const OWN_REACH = 8;
const OWN_STEPS = 4095;
const MOST_OWN = 2000;
const ASK_EVERY = 120; // milliseconds between two wishes while a hand moves

class Handles {
  /** @param {Playground} playground */
  constructor(playground) {
    this.playground = playground;
    this.tool = "hand";
    this.past = [];
    this.grip = null;
    this.busy = false;
    this.asked = 0;
    const { root, find } = playground;
    root.querySelectorAll(".tool").forEach((/** @type {any} */ button) => (button.onclick = () => this.choose(button.dataset.tool)));
    find(".undo").onclick = () => this.undo();
  }

  /** The picture on which one draws: the first film's points as given. */
  get picture() {
    return this.playground.stages[0]?.pictures.given;
  }

  show() {
    const { picture } = this;
    const canvas = picture?.canvas;
    if (canvas && !canvas.dataset.handled) {
      canvas.dataset.handled = "yes";
      canvas.addEventListener("pointerdown", (event) => this.press(event));
      canvas.addEventListener("pointermove", (event) => this.drag(event));
      canvas.addEventListener("pointerup", (event) => this.letGo(event));
      canvas.addEventListener("pointercancel", () => this.release());
    }
    this.playground.find(".tools").hidden = !this.playground.data.editable;
    this.choose(this.tool);
  }

  /** @param {string} tool */
  choose(tool) {
    this.tool = tool;
    this.playground.root.querySelectorAll(".tool").forEach((/** @type {any} */ button) => {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
      button.hidden = /** @type {string} */ (button.dataset.tool).endsWith("2") && (this.playground.data?.params.shape ?? "") !== "blobs" && !(this.playground.data?.classes.length > 2);
    });
    this.playground.find(".undo").disabled = !this.past.length;
    if (this.picture) this.picture.canvas.style.touchAction = tool === "hand" ? "pan-y" : "none";
  }

  get params() {
    return this.playground.data.params;
  }

  /** The film of what the hand wishes is here. @param {Stage} stage */
  took(stage) {
    if (stage.index === 0) this.made = { ...this.params };
  }

  /**
   * The points as the hand has them now, before a film shows them, or a share of their shift on the way; null where
   * they lie as given. @param {Stage} stage @param {number} share
   */
  preview(stage, share = 1) {
    if (!this.made || !stage.film?.header || (!this.grip && share === 1)) return null;
    const { given, label, told } = stage.film.header;
    const from = this.made;
    const to = this.grip ? this.params : partway(from, share);
    const own = decodeOwn(from.points);
    const count = label.length;
    const places = new Float32Array(given);
    const [back, on] = [inverse(matrix(from)), matrix(to)];
    const [gone, come] = [moves(from.class_moves), moves(to.class_moves)];
    const drawn = count - own[1].length;
    for (let i = told.source_count; i < drawn; i++) {
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
    const { label, told } = header;
    const sums = told.classes.map(() => [0, 0, 0]);
    for (let i = told.source_count; i < label.length; i++) {
      if (label[i] < 0) continue;
      sums[label[i]][0] += places[2 * i];
      sums[label[i]][1] += places[2 * i + 1];
      sums[label[i]][2] += 1;
    }
    const { turn, stretch, right, up } = this.params;
    const [cos, sin] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
    const arm = (header.told.box[2] - header.told.box[0]) * 0.3;
    const wide = (arm * (1 + Math.log2(stretch) / 4)) * 0.8;
    return [
      { name: "move", x: right, y: up, sign: "✥" },
      { name: "turn", x: right - sin * arm, y: up + cos * arm, sign: "⟳" },
      { name: "stretch", x: right + cos * wide, y: up + sin * wide, sign: "⇔" },
      ...sums.flatMap(([x, y, n], index) => (n ? [{ name: `class ${index}`, x: x / n, y: y / n, sign: told.classes[index] }] : [])),
    ];
  }

  draw() {
    const { picture } = this;
    const stage = this.playground.stages[0];
    if (!picture || this.tool !== "hand" || this.playground.game.on) return;
    const pen = picture.canvas.getContext("2d");
    if (!pen || !stage.film?.header) return;
    const { x, y } = picture.scale(picture.box(0));
    const colours = stage.paint();
    const spots = this.spots();
    const centre = spots[0];
    for (const spot of spots.slice(1, 3)) {
      pen.strokeStyle = colours.target;
      pen.globalAlpha = 0.7;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.moveTo(x(centre.x), y(centre.y));
      pen.lineTo(x(spot.x), y(spot.y));
      pen.stroke();
      pen.globalAlpha = 1;
    }
    for (const spot of spots) {
      pen.beginPath();
      pen.arc(x(spot.x), y(spot.y), 11, 0, 7);
      pen.fillStyle = colours.paper;
      pen.fill();
      pen.strokeStyle = colours.target;
      pen.lineWidth = 2;
      pen.stroke();
      pen.fillStyle = colours.ink;
      pen.font = "600 13px sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(spot.sign, x(spot.x), y(spot.y) + 0.5);
    }
  }

  /** @param {PointerEvent} event @returns {[number, number]} a place in the plane */
  place(event) {
    const picture = /** @type {Picture} */ (this.picture);
    const area = picture.canvas.getBoundingClientRect();
    const [left, , , above] = picture.box(0);
    const { unit } = picture.scale(picture.box(0));
    return [left + (event.clientX - area.left) / unit, above - (event.clientY - area.top) / unit];
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (!this.playground.data.editable || this.playground.game.on || event.button) return;
    const place = this.place(event);
    const picture = /** @type {Picture} */ (this.picture);
    if (this.tool !== "hand") {
      event.preventDefault();
      this.remember();
      this.busy = true;
      this.grip = { name: this.tool, from: place, params: this.params, last: null };
      picture.canvas.setPointerCapture(event.pointerId);
      return this.brush(place);
    }
    const { unit } = picture.scale(picture.box(0));
    const near = this.spots()
      .map((spot) => ({ spot, far: Math.hypot(spot.x - place[0], spot.y - place[1]) * unit }))
      .sort((a, b) => a.far - b.far)[0];
    if (!near || near.far > 18) return;
    event.preventDefault();
    this.remember();
    this.busy = true;
    this.playground.player.pause();
    this.grip = { name: near.spot.name, from: place, params: this.params, last: null };
    picture.canvas.setPointerCapture(event.pointerId);
    picture.canvas.style.touchAction = "none";
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const { grip } = this;
    const picture = /** @type {Picture} */ (this.picture);
    if (!grip) {
      if (this.tool !== "hand" || !this.playground.data?.editable) return;
      const { unit } = picture.scale(picture.box(0));
      const place = this.place(event);
      const over = this.spots().some((spot) => Math.hypot(spot.x - place[0], spot.y - place[1]) * unit < 14);
      picture.canvas.style.cursor = over ? "grab" : "crosshair";
      return;
    }
    const place = this.place(event);
    if (this.tool !== "hand") return this.brush(place);
    this.wish(this.moved(grip, place));
  }

  /** @param {any} grip @param {[number, number]} place */
  moved(grip, place) {
    const { params, from, name } = grip;
    const [dx, dy] = [place[0] - from[0], place[1] - from[1]];
    const rounded = (/** @type {number} */ value, step = 0.1) => Number((Math.round(value / step) * step).toFixed(3));
    const bounded = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) => Math.max(low, Math.min(high, value));
    if (name === "move") return { right: bounded(rounded(params.right + dx), -6, 6), up: bounded(rounded(params.up + dy), -6, 6) };
    const [ax, ay] = [place[0] - params.right, place[1] - params.up];
    if (name === "turn") {
      const angle = (Math.atan2(-ax, ay) * 180) / Math.PI;
      return { turn: bounded(rounded(angle, 1), -180, 180) };
    }
    if (name === "stretch") {
      const box = /** @type {Picture} */ (this.picture).box(0);
      const arm = (box[2] - box[0]) * 0.3 * 0.8;
      const along = ax * Math.cos((params.turn * Math.PI) / 180) + ay * Math.sin((params.turn * Math.PI) / 180);
      return { stretch: bounded(rounded(2 ** (4 * (along / arm - 1)), 0.05), 0.25, 4) };
    }
    const all = moves(params.class_moves);
    const index = Number(name.split(" ")[1]);
    all[index] = [bounded(rounded(all[index][0] + dx, 0.05), -6, 6), bounded(rounded(all[index][1] + dy, 0.05), -6, 6)];
    while (all.length && !all[all.length - 1].some(Boolean)) all.pop();
    return { class_moves: all.map((pair) => pair.join(",")).join(";") };
  }

  /** Brush a point in, or take points away. @param {[number, number]} place */
  brush(place) {
    const { grip } = this;
    if (!grip) return;
    const picture = /** @type {Picture} */ (this.picture);
    const { unit } = picture.scale(picture.box(0));
    if (grip.last && Math.hypot(place[0] - grip.last[0], place[1] - grip.last[1]) * unit < 9) return;
    grip.last = place;
    if (this.tool === "erase") return this.erase(place, 12 / unit);
    const [domain, label] = [this.tool.startsWith("target") ? 1 : 0, Number(this.tool.slice(-1))];
    const own = decodeOwn(this.params.points);
    if (own[0].length + own[1].length >= MOST_OWN) return;
    own[domain].push([...place, label]);
    this.wish({ points: encodeOwn(own) });
  }

  /** @param {[number, number]} place @param {number} reach */
  erase(place, reach) {
    const away = (/** @type {number[]} */ point) => Math.hypot(point[0] - place[0], point[1] - place[1]) > reach;
    let { params } = this;
    let own = decodeOwn(params.points);
    const stage = this.playground.stages[0];
    if (params.shape !== "none" && stage.film?.header) {
      const { given, label, told } = stage.film.header;
      const hit = [...label].some((_, i) => !away([given[2 * i], given[2 * i + 1]]));
      if (!hit) return;
      // who takes a drawn point away has all points in hand from now on
      own = [[], []];
      label.forEach((one, i) => own[i < told.source_count ? 0 : 1].push([given[2 * i], given[2 * i + 1], one]));
      params = { ...params, shape: "none", turn: 0, stretch: 1, right: 0, up: 0, class_moves: "", selection: 0, concept: 0 };
    }
    const left = own.map((points) => points.filter(away));
    this.wish({ ...params, points: encodeOwn(left) });
  }

  /** Ask for the film of changed settings, not more often than films can come. @param {any} settings */
  wish(settings) {
    const params = { ...this.playground.data.params, ...settings };
    this.playground.data.params = params;
    const now = performance.now();
    if (now - this.asked > ASK_EVERY) {
      this.asked = now;
      this.playground.change({ params }, false);
    }
    this.playground.player.draw();
  }

  /** @param {PointerEvent} event */
  letGo(event) {
    if (!this.grip) return;
    this.grip = null;
    this.playground.change({ params: this.playground.data.params });
    this.choose(this.tool);
    setTimeout(() => (this.busy = false));
    event.preventDefault();
  }

  release() {
    this.grip = null;
    this.busy = false;
    this.choose("hand");
    this.playground.player.draw();
  }

  remember() {
    this.past.push({ ...this.playground.data.params });
    if (this.past.length > 100) this.past.shift();
  }

  undo() {
    const params = this.past.pop();
    if (params) this.playground.change({ params });
    this.choose(this.tool);
  }
}

/** A share of the way on which settings move the target. @param {any} params @param {number} share */
function partway(params, share) {
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
function moves(text) {
  const read = text.split(";").filter(Boolean).map((pair) => pair.split(",").map(Number));
  return [0, 1, 2].map((index) => (read[index]?.length === 2 && read[index].every(Number.isFinite) ? read[index] : [0, 0]));
}

/** Own points, as `da_core/data/sources/drawn_points.py` writes them. @param {string} text @returns {number[][][]} */
function decodeOwn(text) {
  /** @type {number[][][]} */
  const own = [[], []];
  if (!text) return own;
  try {
    const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
    let at = 0;
    for (const points of own) {
      for (let label = 0; label < 3; label++) {
        const count = bytes[at] * 256 + bytes[at + 1];
        at += 2;
        for (let i = 0; i < count && at + 3 <= bytes.length; i++, at += 3) {
          const [x, y] = [(bytes[at] << 4) | (bytes[at + 1] >> 4), ((bytes[at + 1] & 15) << 8) | bytes[at + 2]];
          points.push([(x / OWN_STEPS) * 2 * OWN_REACH - OWN_REACH, (y / OWN_STEPS) * 2 * OWN_REACH - OWN_REACH, label]);
        }
      }
    }
  } catch {
    return [[], []]; // the server says what is wrong with it
  }
  return own;
}

/** @param {number[][][]} own */
function encodeOwn(own) {
  if (!own[0].length && !own[1].length) return "";
  const bytes = [];
  const step = (/** @type {number} */ value) => Math.max(0, Math.min(OWN_STEPS, Math.round(((value + OWN_REACH) / (2 * OWN_REACH)) * OWN_STEPS)));
  for (const points of own) {
    for (let label = 0; label < 3; label++) {
      const of = points.filter((point) => point[2] === label);
      bytes.push(of.length >> 8, of.length & 255);
      for (const [px, py] of of) {
        const [x, y] = [step(px), step(py)];
        bytes.push(x >> 4, ((x & 15) << 4) | (y >> 8), y & 255);
      }
    }
  }
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
