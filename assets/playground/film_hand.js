// The hand on the picture of the points as given: a mouse, a finger, or a cross that the arrow keys move. It drags
// handles and samples, picks samples, brushes and erases, and takes back.

import { filled } from "../shared/elements.js";
import { doneAt, stepToGoOn } from "./film_acts.js";
import { brushed, decodeOwn, erased } from "./film_brush.js";
import { Handles } from "./film_handles.js";
/** @import { Header } from "./film_file.js" */
/** @import { Stage } from "./film_stage.js" */
/** @import { Playground } from "./playground.js" */

const ASK_EVERY = 120; // milliseconds between two wishes while a hand moves
const [REACH_OF_HANDLE, REACH_OF_SAMPLE, SLIP] = [18, 12, 4]; // pixels; who slips less has not dragged
const CROSS_STEP = 8;

/**
 * What is pressed on: a handle, a sample (`row`), a tool, or nothing (no name). A finger that is put on a sample may be
 * about to scroll: it `holds` the sample that is picked already.
 * @typedef {{name: string, row: number, holds: boolean, from: [number, number], params: any, place: [number, number] | null, moved: boolean}} Grip
 */

export class Hand {
  /** @param {Playground} playground */
  constructor(playground) {
    this.playground = playground;
    this.handles = new Handles(playground);
    this.tool = "hand";
    /** @type {{params: any, acts: string, step: number}[]} */
    this.past = [];
    /** @type {Grip | null} */
    this.grip = null;
    /** @type {{row: number, place: [number, number]} | null} a sample that was dropped, until its film is here */
    this.dropped = null;
    this.shifts = false; // the target lies where the hand has it, until its film is here
    this.sent = 0;
    /** @type {[number, number] | null} pixels */
    this.cross = null;
    const { root, find } = playground;
    root.querySelectorAll(".tool").forEach((/** @type {any} */ button) => (button.onclick = () => {
      this.choose(button.dataset.tool);
      playground.reveal();
    }));
    find(".undo").onclick = () => {
      this.undo();
      if (!this.past.length) find('[data-tool="hand"]').focus({ preventScroll: true }); // the button can be pressed no more
    };
  }

  get picture() {
    return this.playground.stages[0]?.pictures.given;
  }

  /** Whether the tool has something to work on; a brush needs no film. */
  get ready() {
    return Boolean(this.playground.stages[0].film?.header) || /\d/.test(this.tool);
  }

  /** Whether a film that comes is one that the hand wished for. */
  get busy() {
    return Boolean(this.grip) || this.shifts;
  }

  show() {
    const { canvas } = this.picture;
    const { editable, trains } = this.playground.data;
    if (!canvas.onpointerdown) {
      canvas.onpointerdown = (event) => event.button || this.press(this.pixel(event), event.pointerType === "touch", event);
      canvas.onpointermove = (event) => this.drag(this.pixel(event));
      canvas.onpointerup = () => this.letGo();
      canvas.onpointercancel = () => this.release();
      canvas.onkeydown = (event) => this.key(event);
      canvas.onfocus = canvas.onblur = () => {
        if (this.cross) this.letGo();
        this.cross = canvas.matches(":focus-visible") ? [canvas.clientWidth / 2, canvas.clientHeight / 2] : null;
        this.playground.player.draw();
      };
      // a finger that holds something does not scroll the page
      canvas.addEventListener("touchstart", (event) => this.grip?.holds && event.cancelable && event.preventDefault(), { passive: false });
    }
    canvas.tabIndex = editable || trains ? 0 : -1;
    canvas.setAttribute("role", editable || trains ? "application" : "img");
    canvas.setAttribute("aria-description", editable || trains ? this.playground.data.texts.crossHelp : "");
    this.playground.find(".tools").hidden = !editable;
    if (!editable) this.tool = "hand";
    this.choose(this.tool);
  }

  /** @param {string} tool */
  choose(tool) {
    this.tool = tool;
    this.playground.root.querySelectorAll(".tool").forEach((/** @type {any} */ button) => {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
      button.hidden = button.dataset.tool.endsWith("2") && this.playground.data?.classes.length < 3;
    });
    this.playground.find(".undo").disabled = !this.past.length;
    if (this.picture) this.picture.canvas.style.touchAction = tool === "hand" ? "pan-y" : "none";
  }

  /**
   * Points of one's own that the film on the screen does not show, because its own is on its way or cannot be made yet;
   * they stand alone where no shape is drawn. @param {Stage} stage @returns {{points: number[][][], alone: boolean} | null}
   */
  unshown({ film }) {
    const { data } = this.playground;
    const { made } = this.handles;
    const known = film && (!made || (made.points === data.params.points && made.shape === data.params.shape));
    return data.editable && !known ? { points: decodeOwn(data.params.points), alone: data.params.shape === "none" } : null;
  }

  /** The film of what was wished for is here. @param {any} params the settings that it was made with */
  took(params) {
    this.handles.made = params;
    this.dropped = null;
    if (!this.grip) this.shifts = false;
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  pixel(event) {
    const area = this.picture.canvas.getBoundingClientRect();
    return [event.clientX - area.left, event.clientY - area.top];
  }

  /** @param {[number, number]} pixel @returns {[number, number]} a place in the plane */
  place([across, down]) {
    const [left, , , above] = this.picture.box(0);
    const { unit } = this.picture.scale(this.picture.box(0));
    return [left + across / unit, above - down / unit];
  }

  /** What can be gripped there: a handle, or a sample of a film that trains. @param {[number, number]} pixel */
  under(pixel) {
    const { x, y } = this.picture.scale(this.picture.box(0));
    const near = this.handles.spots()
      .map((spot) => ({ ...spot, row: -1, far: Math.hypot(x(spot.x) - pixel[0], y(spot.y) - pixel[1]) }))
      .sort((a, b) => a.far - b.far)[0];
    if (near?.far <= REACH_OF_HANDLE) return near;
    const row = this.picture.nearest(pixel, REACH_OF_SAMPLE);
    return row < 0 ? null : { name: "sample", says: this.nameOf(row), row };
  }

  /** @param {number} row */
  nameOf(row) {
    const { texts, trains } = this.playground.data;
    const { label, source_count, classes } = /** @type {Header} */ (this.playground.stages[0].film?.header);
    const domain = texts[row < source_count ? "source" : "target"];
    return filled(texts[trains ? "gripSample" : "pickSample"], { domain, name: classes[label[row]] ?? "?" });
  }

  /** Take hold of what lies there, or put the pen down. @param {[number, number]} pixel @param {boolean} finger @param {PointerEvent | null} event */
  press(pixel, finger = false, event = null) {
    if (this.playground.game.on || !this.ready) return;
    const { data, stages } = this.playground;
    const { name, row } = (this.tool === "hand" ? this.under(pixel) : { name: this.tool, row: -1 }) ?? { name: "", row: -1 };
    const holds = Boolean(name) && (row < 0 || (data.trains && (!finger || row === stages[0].chosen)));
    this.grip = { name, row, holds, from: pixel, params: data.params, place: null, moved: false };
    if (event && holds) this.picture.canvas.setPointerCapture(event.pointerId);
    if (this.tool === "hand") return;
    event?.preventDefault();
    this.remember();
    this.brush(pixel);
  }

  /** @param {[number, number]} pixel */
  drag(pixel) {
    const { grip, picture } = this;
    if (!this.ready) return;
    if (!grip) return this.hover(pixel);
    if (this.tool !== "hand") return this.brush(pixel);
    if (!grip.moved && Math.hypot(pixel[0] - grip.from[0], pixel[1] - grip.from[1]) < SLIP) return;
    if (!grip.moved && grip.holds) {
      this.playground.player.pause();
      if (grip.row < 0) this.remember();
    }
    grip.moved = true;
    if (!grip.holds) return;
    picture.canvas.style.cursor = "grabbing";
    if (grip.row >= 0) {
      grip.place = this.place(pixel);
      return this.playground.player.draw();
    }
    this.shifts = true;
    this.wish(this.handles.moved({ ...grip, from: this.place(grip.from) }, this.place(pixel)));
  }

  /** Say what lies under the pointer. @param {[number, number]} pixel */
  hover(pixel) {
    const { canvas } = this.picture;
    const grip = this.tool === "hand" && !this.playground.game.on ? this.under(pixel) : null;
    canvas.style.cursor = grip && (grip.row < 0 || this.playground.data.trains) ? "grab" : "crosshair";
    canvas.title = grip?.says ?? "";
    return canvas.title;
  }

  letGo() {
    const { grip } = this;
    if (!grip) return;
    this.grip = null;
    if (!grip.moved && (grip.row >= 0 || !grip.name)) this.playground.pick(grip.row);
    else if (grip.place) {
      this.dropped = { row: grip.row, place: grip.place };
      if (this.picture.stage.chosen !== grip.row) this.playground.pick(grip.row);
      this.playground.act(`move ${grip.row} ${grip.place[0].toFixed(2)} ${grip.place[1].toFixed(2)}`);
    } else if (grip.moved && grip.holds) {
      this.playground.change({ params: this.playground.data.params });
      if (this.picture.stage.isShown()) {
        this.shifts = false;
        this.playground.player.again();
      }
    }
    this.choose(this.tool);
  }

  /** Leave all as it was before the press. */
  release() {
    const { grip } = this;
    this.grip = null;
    if (grip?.moved && grip.holds && grip.row < 0) this.undo();
    this.playground.player.draw();
  }

  /** Brush a point in, or take points away. @param {[number, number]} pixel */
  brush(pixel) {
    const grip = /** @type {Grip} */ (this.grip);
    if (grip.moved && Math.hypot(pixel[0] - grip.from[0], pixel[1] - grip.from[1]) < 9) return;
    [grip.from, grip.moved] = [pixel, true];
    const place = this.place(pixel);
    const { params } = this.playground.data;
    const header = /** @type {Header} */ (this.playground.stages[0].film?.header);
    if (this.tool !== "erase") return this.wish(brushed(params, place, this.tool));
    this.wish(erased(params, header, place, 12 / this.picture.scale(this.picture.box(0)).unit));
  }

  /** Ask for the film of changed settings, not more often than films can come. @param {any} settings */
  wish(settings) {
    const params = { ...this.playground.data.params, ...settings };
    this.playground.data.params = params;
    const now = performance.now();
    if (now - this.sent > ASK_EVERY) {
      this.sent = now;
      this.playground.change({ params }, false);
    }
    this.playground.player.draw();
  }

  /** The arrow keys move a cross, Enter presses and lets go there. @param {KeyboardEvent} event */
  key(event) {
    const { canvas } = this.picture;
    const step = event.shiftKey ? 1 : CROSS_STEP;
    const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (!way && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    const [across, down] = this.cross ?? [canvas.clientWidth / 2, canvas.clientHeight / 2];
    const inside = (/** @type {number} */ at) => Math.max(0, Math.min(canvas.clientWidth, at));
    this.cross = way ? [inside(across + way[0]), inside(down + way[1])] : [across, down];
    const { grip } = this;
    if (way) this.drag(this.cross);
    else if (grip) this.letGo();
    else this.press(this.cross);
    if (!way && !this.grip?.holds) this.letGo();
    const picked = this.picture.stage.chosen >= 0 && !grip?.moved;
    const spoken = this.playground.find(".spoken");
    if (!way) spoken.textContent = this.playground.data.texts[this.grip ? "held" : picked ? "picked" : "letGo"];
    else if (!this.grip) spoken.textContent = this.hover(this.cross);
    this.playground.player.draw();
  }

  remember() {
    const { data, stages } = this.playground;
    this.past.push({ params: { ...data.params }, acts: data.acts, step: stepToGoOn(stages[0].film, this.playground.at()) });
    if (this.past.length > 100) this.past.shift();
  }

  undo() {
    const before = this.past.pop();
    this.shifts = false;
    if (before) {
      const { step, ...change } = before;
      if (change.acts !== this.playground.data.acts) this.playground.goFrom = step; // on from where the act was done
      this.playground.change(change);
    }
    this.choose(this.tool);
  }

  /** Places of a film's samples where a hand has moved some. @param {Stage} stage @param {number} at @param {ArrayLike<number>} places */
  moved(stage, at, places) {
    const moves = doneAt(stage.film, at).filter((act) => act.place);
    if (!stage.index && this.dropped) moves.push(/** @type {any} */ (this.dropped));
    if (!stage.index && this.grip?.place) moves.push(/** @type {any} */ (this.grip));
    if (!moves.length) return places;
    const all = Float32Array.from(places);
    for (const { row, place } of moves) if (2 * row + 1 < all.length && place) all.set(place, 2 * row);
    return all;
  }

  draw() {
    const pen = this.picture?.canvas.getContext("2d");
    if (!pen || this.playground.game.on) return;
    if (this.tool === "hand") this.handles.draw(pen, this.picture);
    if (!this.cross) return;
    const [x, y] = this.cross;
    pen.strokeStyle = this.picture.stage.paint().ink;
    pen.lineWidth = this.grip ? 3 : 1.5;
    pen.beginPath();
    for (const way of [-1, 1]) {
      pen.moveTo(x + 4 * way, y);
      pen.lineTo(x + 12 * way, y);
      pen.moveTo(x, y + 4 * way);
      pen.lineTo(x, y + 12 * way);
    }
    pen.stroke();
  }
}
