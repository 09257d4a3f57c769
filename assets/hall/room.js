// The room: waits for the next snapshot, draws it, and on the projector takes keys and buttons to acts.

import { make } from "../shared/elements.js";
import { given, said, send, tell } from "./room_parts.js";
import { SlideView } from "./room_slide.js";

/** After an error, before it asks once more. */
const rest = () => new Promise((resolve) => setTimeout(resolve, 1000));

class RoomPage {
  constructor() {
    const at = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (document.querySelector(selector));
    this.header = at("header");
    this.footer = at("footer");
    this.main = at("main");
    this.view = new SlideView(this.main, (film) => this.filmMoved(film));
    /** @type {any} */
    this.snapshot = null;
    /** @type {number | null} the slide that a student has turned to */
    this.own = null;
    /** @type {any[] | undefined} */
    this.slides = undefined;
    this.blanked = false;
    this.at = 0;
    this.turning = 0;
    // what sticks to the lower edge stands on the buttons, however many rows they take
    new ResizeObserver(() => document.body.style.setProperty("--foot", `${this.footer.offsetHeight}px`)).observe(this.footer);
    if (given.role !== "follow") addEventListener("keydown", (event) => this.key(event));
    this.wait();
    if (given.role !== "follow") setInterval(() => this.count(), 1000);
  }

  /** Ask for a snapshot other than the last, again and again. */
  async wait() {
    for (;;) {
      try {
        const answer = await fetch(`${given.room}/state?lang=${given.language}&have=${encodeURIComponent(this.snapshot?.tag ?? "")}`);
        if (answer.status === 200) {
          const snapshot = await answer.json();
          if (snapshot.closed) return this.close(snapshot.closed);
          if (!snapshot.problem) this.take(snapshot);
          else {
            this.lost = true;
            tell(snapshot.problem);
            await rest();
          }
        } else if (answer.status !== 204) await rest();
      } catch {
        this.lost = true;
        tell(said("lost"));
        await rest();
      }
    }
  }

  /** @param {any} snapshot */
  take(snapshot) {
    if (this.lost) tell("");
    this.lost = false;
    if (snapshot.pace === "held") this.own = null;
    this.snapshot = snapshot;
    if (!this.turning) this.at = snapshot.place;
    this.draw();
  }

  async draw() {
    const { snapshot } = this;
    document.body.classList.toggle("eyes-up", snapshot.paused && given.role === "follow");
    document.body.classList.toggle("blank", this.blanked);
    if (snapshot.paused && given.role === "follow") {
      this.view.key = "";
      tell("");
      this.view.playground?.player.pause();
      this.header.replaceChildren();
      this.footer.replaceChildren();
      return this.main.replaceChildren(make("h1", {}, [said("eyesUp")]), make("p", {}, [said("eyesUpWhy")]));
    }
    const mine = this.own !== null && this.own !== snapshot.place && this.slides ? this.slides[this.own] : null;
    const place = mine ? Number(this.own) : snapshot.place;
    const slide = mine ?? snapshot.slide;
    const here = mine ? { ...snapshot, screen: null, film: null, ballot: null, run: null } : snapshot;
    this.header.replaceChildren(make("span", { class: "place" }, [`${place + 1} / ${given.count}`]));
    if (given.role === "notes") this.notes(slide, place);
    else this.view.show(slide, place, here);
    this.footer.replaceChildren(...(given.role === "follow" ? this.ways(slide, here, place) : this.controls(slide)));
  }

  /** What a student may do. @param {any} slide @param {any} snapshot @param {number} place */
  ways(slide, snapshot, place) {
    const lab = make("a", { href: this.view.labAddress(slide, snapshot), class: "lab" }, [said("ownLab")]);
    if (this.snapshot.pace === "held") return [lab];
    const turn = (/** @type {number} */ to) => this.turn(Math.max(0, Math.min(given.count - 1, to)));
    return [
      make("button", { type: "button", onclick: () => turn(place - 1) }, [`← ${said("back")}`]),
      make("button", { type: "button", onclick: () => turn(place + 1) }, [`${said("next")} →`]),
      this.own === null ? null : make("button", { type: "button", onclick: () => { this.own = null; this.draw(); } }, [said("backToClass")]),
      lab,
    ].filter((one) => one !== null);
  }

  /** @param {number} place */
  async turn(place) {
    this.slides ??= await (await fetch(`${given.room}/slides`)).json();
    this.own = place;
    this.draw();
  }

  /** @param {any} slide */
  controls(slide) {
    const { snapshot } = this;
    const ballot = snapshot.ballot;
    const button = (/** @type {string} */ name, /** @type {() => void} */ act, /** @type {any} */ more = {}) =>
      make("button", { type: "button", "data-act": name, onclick: act, ...more }, [said(more.text ?? name)]);
    const votes = slide.question || slide.prediction || slide.sketch ? [
      ballot?.open ? button("closeVote", () => this.act("close")) : button("openVote", () => this.act("open"), { text: ballot ? "again" : "openVote" }),
      ballot ? button("showVote", () => this.act("show")) : null,
      ballot ? button("reveal", () => this.act("reveal")) : null,
      // after the second vote the twin is what comes next
      ballot?.twin === "there" && !ballot.open ? button("twin", () => this.act("twin"), { class: ballot.again ? "main" : "" }) : null,
    ] : [];
    return [
      button("back", () => this.go(-1)),
      button("next", () => this.go(1), { class: ballot?.twin === "there" && !ballot.open && ballot.again ? "" : "main" }),
      ...votes,
      button("pause", () => this.act("pause"), { "aria-pressed": String(snapshot.paused) }),
      button("pace", () => this.act("pace"), { text: snapshot.pace }),
      given.role === "stage" ? button("join", () => this.toggle("join")) : null,
      given.role === "stage" ? button("keys", () => this.toggle("keys")) : null,
    ].filter((one) => one !== null);
  }

  /** @param {any} slide @param {number} place */
  notes(slide, place) {
    const { notes } = given;
    const until = notes.slice(0, place).reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.minutes, 0);
    const whole = notes.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.minutes, 0);
    const next = notes[place + 1];
    this.main.replaceChildren(
      make("p", { class: "vote-state" }, [said("now", { from: Math.round(until), count: Math.round(whole) })]),
      make("h1", {}, [slide.title]),
      make("p", { class: "note" }, [notes[place].notes]),
      (this.counted = make("p", { class: "counted" })),
      make("p", { class: "vote-state" }, [next ? said("then", { title: next.title }) : said("end")]),
    );
  }

  /** @param {string} act @param {object} more */
  act(act, more = {}) {
    return send("act", { act, ...more });
  }

  /** @param {number} way */
  async go(way) {
    this.at = Math.max(0, Math.min(given.count - 1, this.at + way)); // two quick presses are two slides
    this.turning += 1;
    await this.act("go", { place: this.at });
    this.turning -= 1;
  }

  /** The film was moved by hand: tell the room when the hand rests. @param {{share: number, playing: boolean}} film */
  filmMoved(film) {
    clearTimeout(this.filmRests);
    this.filmRests = setTimeout(() => this.act("film", { film }), 250);
  }

  async count() {
    const { ballot } = this.snapshot ?? {};
    if (!ballot && given.role === "stage") return;
    try {
      const { answers, devices, late } = await (await fetch(`${given.room}/count`)).json();
      const words = !ballot ? said("joined", { devices }) : said("answersOf", { count: answers, devices });
      const line = ballot && late ? `${words} · ${said("late", { late })}` : words;
      if (given.role === "stage") this.view.votes.count(line);
      else if (this.counted) this.counted.textContent = line;
    } catch {
      tell(said("lost"));
    }
  }

  /** @param {string} name */
  toggle(name) {
    const panel = /** @type {HTMLDialogElement} */ (document.getElementById(name));
    if (name === "keys") {
      panel.replaceChildren(make("table", {}, Object.entries(given.keys).map(([keys, what]) => make("tr", {}, [make("th", { scope: "row" }, [keys]), make("td", {}, [said(String(what))])]))));
    }
    if (panel.open) return panel.close();
    panel.querySelector(":scope > .shut")?.remove();
    const shut = make("button", { class: "shut" }, [said("shut")]);
    shut.addEventListener("click", () => panel.close());
    panel.append(shut);
    panel.onclick = event => { if (event.target === panel) panel.close(); };  // its backdrop counts as the panel
    panel.showModal();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !this.snapshot) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
    const pressing = (event.key === "Enter" || event.key === " ") && /^(BUTTON|A|SUMMARY)$/.test(target.tagName);
    if (pressing) return;
    const player = this.view.playground?.player;
    const { ballot, slide, run } = this.snapshot;
    const next = () => this.go(1);
    const back = () => this.go(-1);
    const blank = () => { this.blanked = !this.blanked; this.draw(); };
    const play = () => (player ? (player.playing ? player.pause() : player.play()) : slide.wanted && !run && this.act("run"));
    const acts = {
      ArrowRight: next, PageDown: next, Enter: next, " ": next, n: next, ArrowLeft: back, PageUp: back,
      Home: () => this.act("go", { place: 0 }), End: () => this.act("go", { place: given.count - 1 }),
      p: play, s: () => player?.step(1), b: blank, ".": blank, e: () => this.act("pause"),
      v: () => this.act(ballot?.open ? "close" : "open"), a: () => this.act("show"), r: () => this.act("reveal"), t: () => this.act("twin"),
      j: () => given.role === "stage" && this.toggle("join"), "?": () => given.role === "stage" && this.toggle("keys"),
      f: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
    };
    const act = /** @type {Record<string, () => any>} */ (acts)[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {string} sentence */
  close(sentence) {
    this.view.playground?.close();
    document.body.classList.remove("eyes-up", "blank");
    this.header.replaceChildren();
    this.footer.replaceChildren();
    this.main.replaceChildren(make("h1", {}, [sentence]), make("p", {}, [make("a", { href: `${given.base}/` }, ["Domain Adaptation Lab"])]));
  }
}

new RoomPage();
