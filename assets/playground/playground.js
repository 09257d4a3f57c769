// The playground: films of runs on points, played here without asking the server. Everything said comes in `data` already
// translated; text is set through textContent only.

import { component } from "../shared/component.js";
import { filled, make, write } from "../shared/elements.js";
import { settingAt, stepToGoOn, withAct } from "./film_acts.js";
import { Game } from "./film_game.js";
import { Hand } from "./film_hand.js";
import { Player } from "./film_player.js";
import { openFilm, saveAnimation, saveFilm, savePng, saveSvg } from "./film_save.js";
import { Stage } from "./film_stage.js";
import { sweep } from "./film_sweep.js";

/** One or two stages (films side by side), a clock that they share, and what one does to the data. */
export class Playground {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @param {string} selector @returns {any} */
    this.find = (selector) => root.querySelector(selector);
    /** @type {Stage[]} */
    this.stages = [];
    /** @type {number | null} the step from which the film that is waited for goes on */
    this.goFrom = null;
    /** @type {AbortController | undefined} */
    this.swept = undefined;
    this.player = new Player(this);
    this.hand = new Hand(this);
    this.game = new Game(this);
    this.sizes = new ResizeObserver(() => {
      this.measure();
      this.player.draw();
    });
    // a change of theme reaches us as a change of the inherited colour
    root.style.transition = "color 1ms";
    root.addEventListener("transitionend", (event) => event.target === root && this.repaint());
    this.find(".save-film").onclick = () => saveFilm(this);
    this.find(".save-png").onclick = () => savePng(this);
    this.find(".save-svg").onclick = () => saveSvg(this);
    for (const kind of /** @type {const} */ (["webp", "gif"])) this.find(`.save-${kind}`).onclick = () => saveAnimation(this, kind);
    this.find(".open-film").onchange = (/** @type {any} */ event) => openFilm(this, event.target.files[0]);
    for (const player of ["critic", "features"]) this.find(`.only-${player}`).onclick = () => this.act(player, 20);
    this.find(".strength").onchange = (/** @type {any} */ event) => this.act(`${this.data.strength}=${event.target.value}`);
    this.find(".strength").oninput = (/** @type {any} */ event) => (this.find(".strength-now").value = event.target.value);
    this.find(".drop").onclick = () => this.act(`drop ${this.stages[0].chosen}`);
    this.find(".slide").onclick = () => this.slide();
    this.find(".forget").onclick = () => {
      this.direct("");
      this.find(".curve").focus({ preventScroll: true }); // the button goes
    };
  }

  measure() {
    for (const stage of this.stages) for (const picture of Object.values(stage.pictures)) picture.measure();
    this.player.curve.measure();
  }

  close() {
    this.sizes.disconnect();
    this.player.pause();
    this.stages.forEach((stage) => stage.stop());
  }

  /** The frame at which the first film stands now. */
  at() {
    return Math.floor(this.player.time(this.stages[0]) + 1e-6);
  }

  /** Go on from this frame with one more act. @param {string} what @param {number} steps */
  act(what, steps = 0) {
    this.goFrom = stepToGoOn(this.stages[0].film, this.at());
    this.direct(withAct(this.data.acts, `${what}@${this.goFrom}${steps ? `+${steps}` : ""}`));
  }

  /** Have the first film made with these acts. @param {string} acts */
  direct(acts) {
    this.hand.remember();
    this.change({ acts });
    this.reveal();
    this.hand.choose(this.hand.tool);
    if (this.stages[0].isShown()) this.goFrom = this.hand.dropped = null;
  }

  /** Have the points in sight, which on a phone are far above the buttons. */
  reveal() {
    this.stages[0].pictures.given.figure.scrollIntoView({ block: "nearest" });
  }

  /** What can be done at the frame on the screen: from where it goes on, and the weight that holds there. */
  sayActs() {
    const { texts, trains, strength, strengthNow } = this.data;
    if (!trains) return;
    write(this.find(".from"), texts[stepToGoOn(this.stages[0].film, this.at()) ? "fromHere" : "fromStart"]);
    if (!strength || this.goFrom !== null || this.find(".strength").matches(":active")) return;
    const weight = settingAt(this.stages[0].film, this.at(), strength, strengthNow);
    if (this.find(".strength-now").value === String(weight)) return;
    this.find(".strength").value = this.find(".strength-now").value = String(weight);
  }

  /** Pick a sample in all films, or let go of it. @param {number} row */
  pick(row) {
    const chosen = row === this.stages[0].chosen ? -1 : row;
    for (const stage of this.stages) stage.chosen = chosen;
    this.find(".drop").hidden = chosen < 0;
    this.find(".drop-hint").hidden = chosen < 0;
    this.player.draw();
  }

  /** Let the target's shift come slowly, over three quarters of the training. */
  slide() {
    const steps = this.stages[0].film?.frames.find((frame) => frame.phase === "adapt")?.steps ?? 200;
    this.direct(`slide@0+${Math.round(0.75 * steps)}`);
  }

  /**
   * Take over a change of the data or the acts: the film comes at once, the server hears of it when the hand rests.
   * @param {{params?: any, acts?: string}} change
   */
  change(change, rests = true) {
    this.data = { ...this.data, ...change };
    this.stages.forEach((stage, index) => stage.watch(this.address(index), this.data.texts));
    if (rests) this.tell?.({ params: this.data.params, acts: this.data.acts });
  }

  /** @param {number} index */
  address(index) {
    const { films, params, acts, route } = this.data;
    const query = new URLSearchParams(films[index].query);
    for (const [name, value] of Object.entries(params)) query.set(`data.${name}`, String(value));
    query.delete("acts");
    if (acts && index === 0) query.set("acts", acts);
    query.sort();
    return `${route}?${query}`;
  }

  /** @param {any} data @param {(change: any) => void} tell */
  show(data, tell) {
    const first = !this.data;
    if (data.acts !== this.data?.acts) this.goFrom = null;
    this.data = data;
    this.tell = tell;
    while (this.stages.length > data.films.length) this.stages.pop()?.remove();
    while (this.stages.length < data.films.length) this.stages.push(new Stage(this, this.stages.length));
    this.stages.forEach((stage, index) => {
      stage.watch(this.address(index), data.texts);
      stage.say();
    });
    this.hand.show();
    this.say();
    sweep(this);
    if (first && !this.player.still.matches) this.player.play();
    this.player.draw();
  }

  say() {
    const { data } = this;
    const { texts } = data;
    for (const node of this.root.querySelectorAll("[data-text]")) node.textContent = texts[/** @type {HTMLElement} */ (node).dataset.text ?? ""];
    for (const node of this.root.querySelectorAll("[data-label]")) {
      const label = texts[/** @type {HTMLElement} */ (node).dataset.label ?? ""];
      node.setAttribute("aria-label", label);
      node.setAttribute("title", label);
    }
    this.game.say();
    const { trains, critic, players, strength, acts } = data; // without players who plays alone is alone already
    const parts = { ".acts": trains, ".only-critic": critic, ".only-features": players, ".strength-label": strength, ".forget": acts };
    for (const [part, is] of Object.entries(parts)) this.find(part).hidden = !is;
    if (strength) this.find(".strength").max = String(Math.max(2, 2 * data.strengthNow));
    for (const name of [".drop", ".drop-hint"]) this.find(name).hidden = this.stages[0].chosen < 0;
    legend(this);
    for (const part of data.hidden) for (const node of this.root.querySelectorAll(`.${part}`)) /** @type {HTMLElement} */ (node).hidden = true;
    this.player.say();
  }

  repaint() {
    for (const stage of this.stages) stage.colours = null;
    this.player.draw();
  }

  /** @param {string} sentence */
  complain(sentence) {
    if (sentence) this.goFrom = this.hand.dropped = null;
    this.find(".problem").textContent = sentence;
    this.find(".problem").hidden = !sentence;
  }
}

/** What the marks mean. @param {Playground} playground */
function legend(playground) {
  const { texts, classes, colours, critic, deep, notes } = playground.data;
  const entries = [
    ...["source", "target"].map((name) => ({ text: texts[name], mark: name, colour: colours[name] })),
    ...classes.map((/** @type {string} */ name, /** @type {number} */ index) => ({
      text: `${name}: ${texts.fillings[index]}`, mark: "shade", colour: colours.classes[index],
    })),
    { text: texts.wrongMark, mark: "wrong", colour: colours.wrong },
    critic && { text: texts.criticMark, mark: "dashed", colour: "currentColor" },
    deep && { text: texts.lossMark, mark: "dotted", colour: colours.grey },
    deep && { text: texts.classPull, mark: "pull", colour: colours.pullOfClass },
    deep && { text: filled(texts.methodPull, texts), mark: "pull", colour: colours.pullOfMethod },
    ...notes.map((/** @type {string} */ text) => ({ text, mark: "none", colour: "" })),
  ].filter(Boolean);
  playground.find(".legend").replaceChildren(...entries.map(({ text, mark, colour }) => {
    const sign = make("i", { class: mark });
    sign.style.setProperty("--mark", colour);
    return make("span", {}, [sign, text]);
  }));
}

export default component(".playground", Playground, "changed");
