// Two scatter panels, before and after, of the same samples: one box of axes, linked marks, pictures on points.
// Everything shown comes in `data` already translated; text is set through textContent only.

import { component } from "../shared/component.js";
import { choices } from "./scatter_choices.js";
import { legend, paintOf } from "./scatter_colours.js";
import { Course } from "./scatter_course.js";
import { pinnedCard, selectionCard, showTip } from "./scatter_details.js";
import { saveImage } from "./scatter_image.js";
import { decoded, onTheWay, shuffled } from "./scatter_marks.js";
import { Panel } from "./scatter_panel.js";

const MOVE_MS = 700;
export const WHENS = ["before", "after"];

export class View {
  data; // as it came
  ask; // for a layout
  count = 0;
  label; // (n,) class indices, −1: not known
  predicted = {}; // (n,) class indices by stop
  colour = ""; // the samples are coloured by
  layout = "";
  chosen = false; // whether the reader has chosen the layout
  wanted = null; // a layout that has been asked for
  active = -1; // the sample under the pointer, the same in all panels
  pinned = -1; // the one that was clicked
  selected = null; // (n,) 1 where a lasso has been drawn around
  only = null; // the legend's entry that is looked at alone
  classes = new Set(); // those that are looked at; none: all
  positions; // where the samples are drawn in each panel,
  extent; // as far from the middle as this, across and up,
  paint; // in these colours,
  past = null; // and on the way from these,
  t = 1; // of which so much is done
  frame = 0;
  sound;
  smalls = []; // panels of the same samples laid out with other seeds

  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.panels = WHENS.map((when, index) => new Panel(this, when, root.querySelectorAll("figure")[index]));
    this.course = new Course(this, this.find(".course"));
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.sizes = new ResizeObserver(() => this.draw());
    this.panels.forEach((panel) => this.sizes.observe(panel.plot));
    // a change of theme reaches us as a change of the inherited colour
    root.style.transition = "color 1ms";
    root.addEventListener("transitionend", (event) => event.target === root && this.draw());
    this.find(".save").onclick = () => saveImage(this);
    this.find(".around").onclick = () => this.around(!this.lassos);
    this.around(false);
  }

  close() {
    this.sizes.disconnect();
    this.course.pause();
    cancelAnimationFrame(this.frame);
  }

  show(data, ask) {
    const fresh = this.data?.id !== data.id;
    const [from, colours] = fresh ? [] : [this.positions, this.paint];
    const here = fresh ? null : this.course.name;
    [this.data, this.ask, this.count] = [data, ask, data.count];
    this.label = decoded(data.label);
    this.predicted = Object.fromEntries(Object.entries(data.predicted).map(([name, guess]) => [name, decoded(guess)]));
    if (fresh) {
      [this.colour, this.chosen, this.active, this.pinned] = [data.colour, false, -1, -1];
      this.wanted = this.selected = this.only = null;
      this.classes.clear();
      this.order = shuffled(this.count);
    }
    if (this.wanted && data.points[this.wanted]) [this.layout, this.chosen, this.wanted] = [this.wanted, true, null];
    else if (!this.chosen || !data.points[this.layout]) this.layout = data.points[data.layout] ? data.layout : "pca";
    const shown = JSON.stringify([this.layout, data.points[this.layout], data.predicted, data.confidence, data.height]);
    const moved = fresh || shown !== this.shownLast; // else what plays, plays on
    this.shownLast = shown;
    if (moved) this.course.reach(here);
    this.say();
    this.multiples();
    if (moved) this.go(from, colours);
    else this.draw();
    this.details();
  }

  // ── what is on the screen ─────────────────────────────────────────────────────────────────────────────────

  say() {
    const { texts, points, sizes, slow, sounds, state } = this.data;
    choices(this.find(".colours"), texts.colourBy, texts.colours, this.colour, {}, (name) => name === this.colour || this.turn(".colours", () => {
      this.colour = name;
      this.only = null;
    }));
    const missing = Object.fromEntries(Object.keys(texts.layouts).map((name) => [name, points[name] || slow.includes(name) ? "" : texts.pending]));
    choices(this.find(".layouts"), texts.layout, texts.layouts, this.layout, missing, (name) => this.chooseLayout(name));
    this.find(".save").textContent = texts.save;
    this.find(".around").textContent = texts.around;
    this.find(".hint").textContent = [texts.hint, sounds && texts.heard, sizes && texts.sized].filter(Boolean).join(" ");
    this.find(".state").textContent = this.wanted ? texts.coming : (state[this.layout] ?? "");
    this.panels.forEach((panel) => panel.say());
    this.course.say();
    legend(this);
  }

  chooseLayout(name) {
    if (name === this.layout && !this.wanted) return;
    if (!this.data.points[name]) {
      this.wanted = name;
      this.ask(name);
      this.find(".state").textContent = this.data.texts.coming;
      return;
    }
    this.turn(".layouts", () => {
      [this.layout, this.chosen, this.wanted] = [name, true, null];
      this.course.reach(this.course.name);
    });
  }

  // change what is chosen in a group, and move there
  turn(group, change) {
    const [from, colours] = [this.positions, this.paint];
    change();
    this.say();
    this.go(from, colours);
    this.find(`${group} [aria-checked=true]`).focus();
  }

  className(index) {
    return this.data.classes[index] ?? this.data.texts.unknown;
  }

  // the stop that a panel shows
  stop(when) {
    return when === "after" ? this.course.name : when;
  }

  // ── moving ────────────────────────────────────────────────────────────────────────────────────────────────

  // where the samples of a panel lie in the layout and at the epoch chosen now
  goal() {
    return { before: this.points("before"), after: this.course.points() };
  }

  points(name) {
    const packed = this.data.points[this.layout]?.[name];
    return packed && decoded(packed);
  }

  // start towards the state chosen now, from where the points and colours are
  go(from, colours) {
    const goal = this.goal();
    const begin = performance.now();
    const extent = this.course.extent();
    const old = this.extent ?? extent;
    this.past = colours;
    this.repaint();
    this.course.pause();
    cancelAnimationFrame(this.frame);
    const step = (now) => {
      const t = this.still.matches || !from ? 1 : Math.min(Math.max((now - begin) / MOVE_MS, 0), 1);
      this.t = t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
      this.positions = Object.fromEntries(WHENS.map((when) => [when, onTheWay(from?.[when], goal[when], this.t)]));
      this.extent = onTheWay(old, extent, this.t);
      if (t === 1) this.past = null;
      this.draw();
      if (t < 1) this.frame = requestAnimationFrame(step);
    };
    step(begin);
  }

  // end a move at once, so that another may begin
  arrive() {
    cancelAnimationFrame(this.frame);
    if (this.t === 1) return;
    [this.t, this.past, this.extent, this.positions] = [1, null, this.course.extent(), this.goal()];
    this.draw();
  }

  repaint() {
    this.paint = Object.fromEntries(WHENS.map((when) => [when, paintOf(this, when)]));
  }

  draw() {
    for (const panel of this.everyPanel()) panel.draw();
    this.mark();
  }

  mark() {
    for (const panel of this.everyPanel()) panel.highlight();
  }

  everyPanel() {
    return this.panels.concat(this.smalls);
  }

  // the same samples laid out with other seeds, in small panels that answer like the large ones
  multiples() {
    const box = this.find(".seeds");
    const { seeds } = this.data;
    box.hidden = !seeds.length;
    const shown = JSON.stringify(seeds);
    if (this.seedsLast === shown) return;
    this.seedsLast = shown;
    this.smalls.forEach((panel) => this.sizes.unobserve(panel.plot));
    const figures = seeds.map(() => this.find(".panels figure").cloneNode(true));
    this.smalls = figures.map((figure, index) => new Panel(this, "after", figure, decoded(seeds[index].points)));
    box.replaceChildren(...figures);
    this.smalls.forEach((panel, index) => {
      panel.say(seeds[index].title);
      this.sizes.observe(panel.plot);
    });
  }

  // ── samples that are pointed at, clicked or drawn around ──────────────────────────────────────────────────

  point(i, panel) {
    if (i !== this.active) {
      this.active = i;
      this.mark();
    }
    showTip(this, i, panel);
  }

  pin(i) {
    this.pinned = i;
    this.play(i);
    this.find(".tip").hidden = true;
    this.draw();
    this.details();
  }

  // the sample's sound, from its start; the browser keeps those that were heard
  play(i) {
    if (i < 0 || !this.data.sounds) return;
    this.sound ??= new Audio();
    this.sound.src = `${this.data.sounds}/${i}.wav`;
    this.sound.play().catch(() => {}); // interrupted by the next one
  }

  // whether a finger that moves draws a lasso, as a mouse always does; else it scrolls the page
  around(lassos) {
    this.lassos = lassos;
    this.find(".around").setAttribute("aria-pressed", lassos);
    this.root.classList.toggle("lassos", lassos);
  }

  select(inside) {
    this.selected = inside?.some(Boolean) ? inside : null;
    this.draw();
    this.details();
  }

  details() {
    this.find(".details").replaceChildren(...[selectionCard(this), pinnedCard(this)].filter((card) => card !== null));
  }
}

export default component(".scatter", View, "asked");
