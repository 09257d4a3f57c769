// Time, buttons and keys of the films on the screen.

import { filled, percent, write } from "../shared/elements.js";
import { frameAtStep } from "./film_acts.js";
import { bars } from "./film_bars.js";
import { Curve } from "./film_curve.js";
import { tabulate } from "./film_table.js";
import { lengths, sentenceOf } from "./film_words.js";
/** @import { Film } from "./film_file.js" */
/** @import { Stage } from "./film_stage.js" */
/** @import { Playground } from "./playground.js" */

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const FRAMES_A_SECOND = 16;
const SECONDS_A_FIT = 1.6; // of a film of few frames, each of which is a step of its own

/** The frame that words and numbers are of at time t: the one whose marks the pictures show. @param {number} t */
export const frameShown = (t) => Math.max(0, Math.ceil(t - 0.5));

export class Player {
  /** @param {Playground} playground */
  constructor(playground) {
    this.playground = playground;
    this.share = 0; // of the whole film, the same for films side by side
    this.playing = false;
    this.speed = 2; // place in SPEEDS
    this.looping = false;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.spoken = "";
    const { find } = playground;
    find(".play").onclick = () => (this.playing ? this.pause() : this.play());
    find(".first").onclick = () => this.seek(0);
    find(".back").onclick = () => this.step(-1);
    find(".on").onclick = () => this.step(1);
    find(".move").onclick = () => this.move();
    find(".slower").onclick = () => this.quicken(-1);
    find(".faster").onclick = () => this.quicken(1);
    find(".loop").onclick = () => {
      this.looping = !this.looping;
      this.say();
    };
    this.curve = new Curve(this, find(".curve"));
    playground.sizes?.observe(find(".curve"));
    playground.find(".course-table")?.addEventListener("toggle", () => tabulate(playground));
    playground.root.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.playground.game.key(event)) return event.preventDefault();
    const onButton = target.tagName === "BUTTON" || target.tagName === "SUMMARY";
    const act = {
      " ": onButton ? null : () => (this.playing ? this.pause() : this.play()),
      k: () => (this.playing ? this.pause() : this.play()),
      ArrowRight: () => (event.shiftKey ? this.move() : this.step(1)),
      ArrowLeft: () => this.step(-1),
      m: () => this.move(),
      Home: () => this.seek(0),
      End: () => this.seek(1),
      "+": () => this.quicken(1),
      "-": () => this.quicken(-1),
      l: () => this.playground.find(".loop").click(),
      Escape: () => {
        this.playground.hand.release();
        this.playground.hand.choose("hand");
      },
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** The time at which a stage stands: a frame's place and how far it is on its way to the next. @param {Stage} stage */
  time(stage) {
    const count = stage.film?.frames.length ?? 0;
    return Math.max(0, Math.min(this.share * (this.expected(stage) - 1), count - 1));
  }

  /** How many frames a film will have: those of a whole one, else as many as the one before. @param {Stage} stage */
  expected(stage) {
    const count = stage.film?.frames.length ?? 0;
    return stage.film?.whole || stage.film === null ? count : Math.max(count, stage.hoped ?? count);
  }

  /** Whether another film can take its place: it has a frame, and that from which it is to go on. @param {Stage} stage @param {Film} film */
  canTake(stage, film) {
    const { goFrom } = this.playground;
    if (stage.index || goFrom === null) return film.frames.length > 0;
    return film.whole || frameAtStep(film, goFrom) >= 0;
  }

  /** Another film has taken its place. @param {Stage} stage */
  took(stage) {
    const { goFrom, hand } = this.playground;
    const film = /** @type {Film} */ (stage.film);
    stage.hoped = Math.max(film.frames.length, stage.hoped ?? 2);
    if (!stage.index && goFrom !== null) {
      this.playground.goFrom = null;
      this.share = Math.max(0, frameAtStep(film, goFrom)) / (this.expected(stage) - 1);
      if (!this.still.matches) this.play();
    } else if (!hand.busy) this.again();
    tabulate(this.playground);
    this.draw();
  }

  /** Play from the beginning; for who wants nothing to move, show the end. */
  again() {
    this.share = this.still.matches ? 1 : 0;
    if (!this.still.matches) this.play();
  }

  /** More frames of a film are here. @param {Stage} stage */
  grown(stage) {
    tabulate(this.playground);
    const count = stage.film?.frames.length ?? 0;
    if (stage.film?.whole && stage.hoped !== count) {
      const t = this.share * (Math.max(count, stage.hoped ?? count) - 1); // the frame stays, of a film of another length
      stage.hoped = count;
      if (stage === this.longest() && this.share < 1) this.share = Math.min(1, t / Math.max(1, count - 1));
    }
    this.playground.game.say();
    if (!this.playing) this.draw();
  }

  play() {
    if (this.playing) return;
    if (this.share >= 1) this.share = 0;
    this.playing = true;
    this.last = performance.now();
    this.ticked = 0;
    this.request = requestAnimationFrame((now) => this.tick(now));
    this.say();
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.request ?? 0);
    this.say();
    this.speak();
  }

  /** @param {number} now */
  tick(now) {
    const seconds = Math.min(0.1, (now - (this.last ?? now)) / 1000) * SPEEDS[this.speed];
    this.last = now;
    const stage = this.longest();
    const whole = this.playground.stages.every((one) => one.film?.whole);
    const frames = stage ? this.expected(stage) : 0;
    if (frames > 1) {
      const rate = frames <= 4 ? 1 / SECONDS_A_FIT : FRAMES_A_SECOND;
      const here = Math.max(1, (stage?.film?.frames.length ?? 1) - 1) / (frames - 1); // no farther than there are frames
      this.share = Math.min(this.share + (seconds * rate) / (frames - 1), whole ? 1 : here);
    }
    this.ticked = (this.ticked ?? 0) + 1;
    this.draw();
    if (this.share >= 1 && whole) {
      if (!this.looping) return this.pause();
      this.share = 0;
    }
    if (this.playing) this.request = requestAnimationFrame((later) => this.tick(later));
  }

  longest() {
    const { stages } = this.playground;
    return [...stages].sort((a, b) => (b.film?.frames.length ?? 0) - (a.film?.frames.length ?? 0))[0];
  }

  /** @param {number} share */
  seek(share) {
    this.share = Math.max(0, Math.min(1, share));
    if (this.playing) this.pause();
    this.draw();
    this.speak();
  }

  /** @param {number} way */
  step(way) {
    const stage = this.longest();
    const frames = stage?.film?.frames.length ?? 0;
    if (frames < 2) return;
    const t = this.time(stage);
    const at = way > 0 ? Math.floor(t + 1e-6) + 1 : Math.ceil(t - 1e-6) - 1;
    this.seek(at / (this.expected(stage) - 1));
  }

  /** On to the next turn of another player: what moved differs from what moved before. */
  move() {
    const stage = this.playground.stages[0];
    const frames = stage?.film?.frames ?? [];
    const at = Math.floor(this.time(stage) + 1e-6);
    let to = at + 1;
    while (to < frames.length - 1 && String(frames[to].moved) === String(frames[at].moved) && frames[to].phase === frames[at].phase) to += 1;
    if (to < frames.length) this.seek(to / (this.expected(stage) - 1));
  }

  /** @param {number} way */
  quicken(way) {
    this.speed = Math.max(0, Math.min(SPEEDS.length - 1, this.speed + way));
    this.say();
  }

  say() {
    const { texts } = this.playground.data ?? {};
    if (!texts) return;
    const { find } = this.playground;
    find(".play").textContent = this.playing ? "❚❚" : "▶";
    for (const attribute of ["aria-label", "title"]) find(".play").setAttribute(attribute, this.playing ? texts.pause : texts.play);
    find(".speed").textContent = `${SPEEDS[this.speed]}×`;
    find(".loop").setAttribute("aria-pressed", String(this.looping));
  }

  draw() {
    for (const stage of this.playground.stages) {
      const t = this.time(stage);
      for (const picture of Object.values(stage.pictures)) picture.draw(t);
      this.numbers(stage, t);
    }
    this.playground.sayActs();
    this.playground.hand.draw();
    this.playground.game.draw();
    this.curve.draw();
    this.words();
  }

  /** @param {Stage} stage @param {number} t */
  numbers(stage, t) {
    const frame = stage.film?.frames[frameShown(t)];
    const { texts } = this.playground.data;
    if (!frame) return;
    const parts = [];
    for (const name of ["source", "target"]) {
      if (frame.numbers[name] !== undefined) parts.push(filled(texts[`${name}Right`], { share: percent(frame.numbers[name]) }));
    }
    if (frame.numbers.targetNorm !== undefined) parts.push(filled(texts.norms, lengths(frame)));
    write(stage.figure.querySelector(".numbers"), parts.join(" · "));
    bars(stage, frame);
  }

  /** What has just happened, written at each frame. */
  words() {
    const stage = this.playground.stages[0];
    const at = frameShown(this.time(stage));
    if (!stage.film?.frames[at]) return;
    const sentence = sentenceOf(stage.film, at, this.playground.data.texts);
    write(this.playground.find(".sentence"), sentence);
    if (!this.playing) this.speak();
  }

  /** The same sentence for who listens, once for each move and never while a film plays. */
  speak() {
    const sentence = this.playground.find(".sentence").textContent;
    if (this.playing || sentence === this.spoken) return;
    this.spoken = sentence;
    this.playground.find(".spoken").textContent = sentence;
  }
}
