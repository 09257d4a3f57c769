// Be the critic: twenty samples one after the other, “source or target?”; then the features move and it starts again.

import { filled, percent } from "../shared/elements.js";
import { stamp } from "./film_marks.js";
/** @import { Header } from "./film_file.js" */
/** @import { Picture } from "./film_picture.js" */
/** @import { Playground } from "./playground.js" */

const ROUND = 20;
const MOST_ROUNDS = 5;
const GUESSING = 0.55; // right so often who guesses, or nearly

export class Game {
  /** @param {Playground} playground */
  constructor(playground) {
    this.playground = playground;
    this.on = false;
    /** @type {{share: number, domain: number | undefined}[]} */
    this.rounds = [];
    /** @type {number[]} rows */
    this.order = [];
    /** @type {number[]} frames at which a round can be */
    this.places = [];
    this.done = ROUND;
    this.hits = 0;
    const { find } = playground;
    find(".game-start").onclick = () => (this.on ? this.end() : this.begin());
    find(".guess-source").onclick = () => this.guess(true);
    find(".guess-target").onclick = () => this.guess(false);
    find(".game-next").onclick = () => this.round();
  }

  get stage() {
    return this.playground.stages[0];
  }

  say() {
    const { data, find, root } = this.playground;
    root.classList.toggle("guessing", this.on);
    find(".game").hidden = !data.trains || !data.critic || data.films.length > 1;
    find(".game-start").textContent = this.on ? data.texts.gameEnd : data.texts.gameStart;
    find(".game-start").disabled = !this.on && !this.stage.film?.whole;
    find(".game-board").hidden = !this.on;
  }

  begin() {
    this.on = true;
    this.rounds = [];
    const frames = this.stage.film?.frames ?? [];
    const moves = frames.flatMap((frame, at) => (frame.phase === "adapt" && frame.moved.includes("extractor") ? [at] : []));
    // from where the critic sees most: before, it has yet to learn
    const most = Math.max(...moves.map((at) => frames[at].numbers.domain ?? 0));
    this.places = moves.slice(moves.findIndex((at) => (frames[at].numbers.domain ?? 0) === most));
    this.round();
  }

  /** Begin a round, some way farther in the film. */
  round() {
    const frames = this.stage.film?.frames ?? [];
    const { places } = this;
    const at = places[Math.min(places.length - 1, Math.round((places.length - 1) * Math.min(1, this.rounds.length / (MOST_ROUNDS - 1))))];
    const { label, source_count } = /** @type {Header} */ (this.stage.film?.header);
    const rows = [...label.keys()];
    this.order = Array.from({ length: ROUND }, (_, i) => {
      const of = rows.filter((row) => row < source_count === i % 2 < 1);
      return of[Math.floor(Math.random() * of.length)];
    }).sort(() => Math.random() - 0.5);
    this.hits = 0;
    this.done = 0;
    this.say();
    this.playground.player.seek(at / (frames.length - 1));
    this.tell();
    this.stage.figure.scrollIntoView();
    this.playground.find(".guess-source").focus({ preventScroll: true });
  }

  tell(ended = false) {
    const { texts } = this.playground.data;
    const last = this.rounds[this.rounds.length - 1];
    const line = this.playground.find(".game-line");
    this.playground.find(".game-next").hidden = !ended || this.over();
    for (const name of [".guess-source", ".guess-target"]) this.playground.find(name).disabled = ended;
    if (!ended) line.textContent = filled(texts.gameAsk, { number: this.done + 1, count: ROUND });
    else {
      const score = filled(texts.gameScore, { you: percent(last.share), critic: last.domain === undefined ? "–" : percent(last.domain) });
      line.textContent = this.over() ? filled(texts[this.outcome(last)], { score }) : score;
      this.playground.find(this.over() ? ".game-start" : ".game-next").focus({ preventScroll: true });
    }
    this.playground.player.draw();
  }

  over() {
    const last = this.rounds[this.rounds.length - 1];
    return Boolean(last) && (last.share <= GUESSING || this.rounds.length >= MOST_ROUNDS);
  }

  /** The name of what the last round shows. @param {{share: number, domain: number | undefined}} round */
  outcome({ share, domain }) {
    if (share > GUESSING) return "gameApart";
    return (domain ?? 0) > GUESSING ? "gameSeesMore" : "gameOver";
  }

  /** @param {boolean} source */
  guess(source) {
    if (!this.on || this.done >= ROUND) return;
    const { source_count } = /** @type {Header} */ (this.stage.film?.header);
    if (this.order[this.done] < source_count === source) this.hits += 1;
    this.done += 1;
    if (this.done < ROUND) return this.tell();
    const frame = this.stage.film?.frames[Math.floor(this.playground.player.time(this.stage) + 1e-6)];
    this.rounds.push({ share: this.hits / ROUND, domain: frame?.numbers.domain });
    this.tell(true);
  }

  end() {
    this.on = false;
    this.say();
    this.playground.player.draw();
    this.playground.reveal();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.on || !["s", "t"].includes(event.key)) return false;
    this.guess(event.key === "s");
    return true;
  }

  /** Whether a picture hides its points: while one guesses. @param {Picture} picture */
  hides(picture) {
    return this.on && this.done < ROUND && picture.stage.index === 0; // at the end of a round one sees what was what
  }

  /** The sample in question, in grey, in the features where the critic looks. */
  draw() {
    if (!this.on || this.done >= ROUND || !this.stage?.film) return;
    const picture = this.stage.pictures.features;
    const pen = picture.canvas.getContext("2d");
    if (!pen) return;
    const t = this.playground.player.time(this.stage);
    const { x, y } = picture.scale(picture.box(t));
    const places = picture.placesAt(t);
    const colours = this.stage.paint();
    const { source_count } = /** @type {Header} */ (this.stage.film.header);
    for (let i = 0; i < this.done; i++) {
      const row = this.order[i];
      pen.globalAlpha = 0.6;
      stamp(pen, colours, { source: row < source_count, label: 0, wrong: false }, x(places[2 * row]), y(places[2 * row + 1]), 4, devicePixelRatio || 1);
      pen.globalAlpha = 1;
    }
    const row = this.order[this.done];
    pen.beginPath();
    pen.arc(x(places[2 * row]), y(places[2 * row + 1]), 8, 0, 7);
    pen.fillStyle = colours.grey;
    pen.fill();
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 2;
    pen.stroke();
  }
}
