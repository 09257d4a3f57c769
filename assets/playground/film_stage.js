// A stage: one film, how it is fetched, its colours and fields; its pictures are in film_picture.

import { penOf, rgb } from "../shared/elements.js";
import { Film } from "./film_file.js";
import { Picture } from "./film_picture.js";
/** @import { Playground } from "./playground.js" */

/** One film on the screen. */
export class Stage {
  /** @param {Playground} playground @param {number} index */
  constructor(playground, index) {
    this.playground = playground;
    this.index = index;
    /** @type {Film | null} */
    this.film = null;
    this.address = "";
    this.chosen = -1;
    /** @type {number | undefined} frames that a film on its way will have, as far as one can tell */
    this.hoped = undefined;
    this.shown = ""; // the address of the film on the screen
    this.whole = false; // the film that was wished for last
    /** @type {AbortController | null} */
    this.wish = null;
    this.colours = null;
    /** @type {Record<number, CanvasRenderingContext2D>} of a small canvas for fields of a side */
    this.fields = {};
    this.figure = playground.find("template").content.firstElementChild.cloneNode(true);
    playground.find(".stages").append(this.figure);
    /** @type {Record<string, Picture>} */
    this.pictures = {};
    for (const name of ["given", "features"]) {
      this.pictures[name] = new Picture(this, name, this.figure.querySelector(`.${name}`));
      playground.sizes.observe(this.pictures[name].plot);
    }
  }

  remove() {
    this.stop();
    this.figure.remove();
  }

  stop() {
    this.wish?.abort();
  }

  /** Ask for a film and play it as it comes; a newer wish ends this one. @param {string} address @param {any} texts */
  async watch(address, texts) {
    if (address === this.address) return;
    this.address = address;
    const params = { ...this.playground.data.params };
    this.wish?.abort();
    const wish = (this.wish = new AbortController());
    const film = new Film();
    this.whole = false;
    this.playground.root.dataset.state = "waiting";
    try {
      const response = await fetch(`${address}&lang=${document.documentElement.lang || "en"}`, { signal: wish.signal });
      for await (const _ of film.read(response.body)) {
        if (wish.signal.aborted) return;
        if (film.problem) return this.playground.complain(film.problem);
        if (this.film === film) this.playground.player.grown(this);
        else if (this.playground.player.canTake(this, film)) this.take(film, params);
      }
      if (wish.signal.aborted) return;
      if (this.film !== film && this.playground.player.canTake(this, film)) this.take(film, params);
      this.whole = true;
      if (this.playground.stages.every((stage) => stage.whole)) this.playground.root.dataset.state = "whole";
      this.playground.player.grown(this);
    } catch (error) {
      if (wish.signal.aborted) return;
      this.playground.complain(texts.broken);
    }
  }

  /** Whether the film on the screen is the one that was wished for last. */
  isShown() {
    return this.shown === this.address;
  }

  /** Show a film that has its first frame. @param {Film} film @param {any} params the settings that it is made with */
  take(film, params = null) {
    const again = this.film;
    this.film = film;
    this.shown = this.address;
    if (!again || again.header?.label.length !== film.header?.label.length) this.chosen = -1;
    this.playground.complain("");
    if (!this.index) this.playground.hand.took(params);
    this.playground.player.took(this);
    this.say();
  }

  say() {
    const { texts, films } = this.playground.data;
    const title = this.figure.querySelector(".stage-title");
    title.textContent = films[this.index]?.title ?? "";
    title.hidden = films.length < 2;
    const one = this.film?.header?.kind === "reweighting";
    this.figure.classList.toggle("one", one);
    this.figure.classList.toggle("pair", films.length > 1);
    for (const [name, picture] of Object.entries(this.pictures)) picture.say(texts[name === "given" ? "given" : this.flat() ? "mapped" : "features"]);
  }

  /** Whether features are points of the plane themselves. */
  flat() {
    return this.film?.frames.every((frame) => frame.dimensions === 2);
  }

  paint() {
    if (this.colours) return this.colours;
    const style = getComputedStyle(this.playground.root);
    const dark = luminance(style.getPropertyValue("--st-background-color") || "#fff") < 0.4;
    const colours = {
      ink: style.color,
      paper: style.getPropertyValue("--st-background-color") || "white",
      line: style.getPropertyValue("--st-border-color") || "grey",
      tints: tintsOf(this.playground.data.colours.classes, dark ? 0.42 : 0.38),
      sprites: new Map(),
      ...this.playground.data.colours,
    };
    if (this.playground.root.isConnected) this.colours = colours; // before that no style is known
    return colours;
  }

  /** A field on the way to the next one as a small picture, which the canvas enlarges smoothly. @param {Uint8Array} now @param {Uint8Array} next @param {number} part @param {number} side */
  fieldOf(now, next, part, side) {
    const { tints } = this.paint();
    const pen = (this.fields[side] ??= penOf(side));
    const image = pen.createImageData(side, side);
    for (let at = 0; at < now.length; at++) {
      const place = 4 * (at + side * (side - 1 - 2 * Math.floor(at / side))); // rows come from below
      const [from, to] = [4 * now[at], 4 * next[at]];
      for (let i = 0; i < 4; i++) image.data[place + i] = tints[from + i] + (tints[to + i] - tints[from + i]) * part;
    }
    pen.putImageData(image, 0, 0);
    return pen.canvas;
  }
}

/** The colour of each byte of a field, as RGBA. @param {string[]} classes @param {number} tint */
function tintsOf(classes, tint) {
  const hues = classes.map(rgb);
  const colour = (/** @type {number} */ cell) => [...(hues[cell >> 4] ?? [128, 128, 128]), 255 * tint * (0.15 + (0.85 * (cell & 15)) / 15)];
  return new Uint8ClampedArray([...Array(256).keys()].flatMap(colour));
}

/** @param {string} colour */
function luminance(colour) {
  const probe = penOf(1);
  probe.fillStyle = colour;
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  return (0.3 * r + 0.6 * g + 0.1 * b) / 255;
}
