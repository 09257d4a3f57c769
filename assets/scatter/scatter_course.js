// The way of the second panel through training: a slider over its stops, and play, step and reset beside it.

import { icon, onTheWay, reach } from "./scatter_marks.js";

const STEP_MS = 800;

export class Course {
  at = 0; // among the stops, or between two
  stops = [];
  first; // the buttons
  player;
  next;
  frame = 0;

  constructor(view, root) {
    this.view = view;
    this.root = root;
    this.slider = root.querySelector("input");
    [this.first, this.player, this.next] = root.querySelectorAll("button");
    this.first.replaceChildren(icon("M6 5h2v14H6zM20 5v14L9 12z"));
    this.next.replaceChildren(icon("M16 5h2v14h-2zM4 5l11 7-11 7z"));
    this.first.onclick = () => this.glide(0);
    this.next.onclick = () => this.glide(this.nearest() + 1);
    this.player.onclick = () => (this.playing ? this.pause() : this.play());
    this.slider.oninput = () => {
      this.pause();
      this.view.arrive();
      this.set(Number(this.slider.value));
    };
    this.slider.onchange = () => this.glide(Math.round(this.slider.value));
    this.slider.onkeydown = (event) => {
      const last = this.stops.length - 1;
      const goal = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      const end = { Home: 0, End: last }[event.key];
      if (goal === undefined && end === undefined) return;
      event.preventDefault();
      this.glide(end ?? this.nearest() + goal);
    };
  }

  // take up the stops that the layout has; stay at the one of this name, else at the last
  reach(name) {
    const points = this.view.data.points[this.view.layout] ?? {};
    const { stops, texts } = this.view.data;
    this.stops = stops.filter((stop) => points[stop.name]);
    // a layout without the epochs between still goes from before to after
    if (this.stops.length === 1 && stops.length > 1 && points.before) this.stops.unshift({ name: "before", title: texts.before });
    const place = this.stops.findIndex((stop) => stop.name === name);
    this.at = place < 0 ? Math.max(this.stops.length - 1, 0) : place;
  }

  get here() {
    return this.stops[this.nearest()] ?? this.view.data.stops.at(-1);
  }

  get name() {
    return this.here.name;
  }

  get title() {
    return this.here.title;
  }

  nearest() {
    return Math.round(this.at);
  }

  // positions of the samples at this moment, between two stops if it lies there
  points() {
    const [low, high] = [Math.floor(this.at), Math.ceil(this.at)].map((index) => this.stops[index]?.name);
    if (!low) return this.view.points("after");
    return low === high ? this.view.points(low) : onTheWay(this.view.points(low), this.view.points(high), this.at - Math.floor(this.at));
  }

  // how far points lie from the middle in any stop, so that the axes stay while they travel
  extent() {
    const names = new Set(["before", ...this.stops.map((stop) => stop.name)]);
    return reach([...names].map((name) => this.view.points(name)));
  }

  say() {
    const { texts } = this.view.data;
    this.root.hidden = this.stops.length < 2;
    this.slider.max = this.stops.length - 1;
    this.slider.setAttribute("aria-label", texts.course);
    this.first.title = texts.reset;
    this.next.title = texts.step;
    this.tell();
  }

  tell() {
    const { texts } = this.view.data;
    this.slider.value = this.at;
    this.slider.style.setProperty("--gone", this.stops.length > 1 ? this.at / (this.stops.length - 1) : 1);
    this.slider.setAttribute("aria-valuetext", this.title);
    this.root.querySelector("output").textContent = this.title;
    const doing = this.playing ? texts.pause : texts.play;
    if (this.player.title !== doing) { // not at every frame: a click on what is replaced meanwhile is lost
      this.player.title = doing;
      this.player.replaceChildren(icon(this.playing ? "M6 5h4v14H6zM14 5h4v14h-4z" : "M7 4l13 8-13 8z"));
    }
    for (const button of [this.first, this.player, this.next]) button.setAttribute("aria-label", button.title);
    this.first.disabled = this.at === 0;
    this.next.disabled = this.at >= this.stops.length - 1;
  }

  set(at) {
    const was = this.name;
    this.at = Math.min(Math.max(at, 0), this.stops.length - 1);
    this.view.positions = this.view.goal();
    if (this.name !== was) {
      this.view.repaint();
      this.view.panels.forEach((panel) => panel.say());
    }
    this.tell();
    this.view.panels[1].draw(); // the first stays as it is
    this.view.mark();
  }

  play() {
    this.pause(); // points that still travel to a stop do so no more
    const last = this.stops.length - 1;
    if (this.at >= last) this.set(0);
    this.playing = true;
    const on = () => (this.at < last ? this.travel(Math.floor(this.at) + 1, on) : this.pause());
    on();
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    if (this.stops.length) this.tell();
  }

  // go to a stop and stay there
  glide(goal) {
    this.pause();
    this.travel(Math.min(Math.max(goal, 0), this.stops.length - 1));
  }

  travel(goal, then = () => {}) {
    this.view.arrive();
    const [from, begin] = [this.at, performance.now()];
    if (this.view.still.matches) {
      this.set(goal);
      this.timer = setTimeout(then, STEP_MS);
      return;
    }
    const step = (now) => {
      const t = Math.min(Math.max((now - begin) / STEP_MS, 0), 1);
      this.set(from + (goal - from) * t);
      if (t < 1) this.frame = requestAnimationFrame(step);
      else then();
    };
    step(begin);
  }
}
