// One slide: its title and lines, and the one thing that it shows.

import { Playground } from "../playground/playground.js";
import { make, makeSvg, percent, tableRows } from "../shared/elements.js";
import { domainKey, domainMark, given, said, tell } from "./room_parts.js";
import { RunView } from "./room_run.js";
import { VoteView } from "./room_vote.js";

/** A film on the projector: all of it fits below a title, and two films stand in one row. */
const ON_STAGE = `.playground { font-size: 1rem; } .plot { max-height: min(46vh, 100vh - 29.5rem); max-width: min(46vh, 100vh - 29.5rem); } .curve { height: 52px; margin-top: 0.2rem; }
figcaption { font-size: 0.85rem; white-space: nowrap; margin-bottom: 0.2rem; } .sentence { min-height: 1.4em; margin: 0.2rem 0; }
.legend { font-size: 0.85rem; gap: 0.1rem 0.8rem; margin: 0.3rem 0 0; } .course-table { font-size: 0.85rem; margin-top: 0.1rem; }
.bar { margin-top: 0.3rem; } .stages .stage.pair .panels { grid-template-columns: 1fr 1fr; }
.stages .stage.pair .plot { max-width: min(40vh, 100vh - 30rem); max-height: min(40vh, 100vh - 30rem); }`;

/** What stands on the screen of one role. */
export class SlideView {
  /** @param {HTMLElement} main @param {(film: {share: number, playing: boolean}) => void} filmMoved */
  constructor(main, filmMoved) {
    this.main = main;
    this.filmMoved = filmMoved;
    this.key = "";
    this.votes = new VoteView();
    this.run = new RunView();
    /** @type {HTMLElement | null} */
    this.light = null;
  }

  /**
   * Draw a slide, or bring the one that stands up to date.
   * @param {any} slide @param {number} place @param {any} snapshot what the room says besides
   */
  show(slide, place, snapshot) {
    // a follower sees the screen that the instructor has walked to in the place of the slide
    const walked = given.role === "follow" && snapshot.screen !== null;
    if (walked) slide = { title: snapshot.light.title, lines: [], screen: snapshot.screen, light: { ...snapshot.light, title: "" } };
    const key = JSON.stringify([place, slide]);
    if (key !== this.key) {
      this.key = key;
      this.playground?.close();
      this.playground = null;
      this.light = null;
      this.votes.forget();
      this.run.forget();
      this.moved = "";
      tell("");
      const lines = slide.lines.map((/** @type {string} */ line) => make("li", {}, emphasised(line)));
      this.main.replaceChildren(
        make("h1", {}, [slide.title]), ...(lines.length ? [make("ul", { class: "lines" }, lines)] : []), this.shown(slide, place),
      );
      const kind = ["film", "screen", "question", "prediction", "sketch"].find((name) => slide[name] !== undefined) ?? "";
      this.main.className = kind === "screen" && this.light ? "" : kind;
      this.main.classList.toggle("pair", slide.film?.films.length > 1);
      scrollTo(0, 0);
    }
    if (slide.question || slide.prediction || slide.sketch) this.votes.show(slide, place, snapshot.ballot);
    if (slide.wanted || (this.light && snapshot.run)) this.run.show(snapshot.run);
    this.follow(snapshot);
  }

  /** @param {any} slide @param {number} place */
  shown(slide, place) {
    if (slide.film) return this.film(slide.film);
    if (slide.screen !== undefined) return given.role === "stage" ? this.screen(slide.screen, place) : this.lightScreen(slide);
    if (slide.question || slide.prediction || slide.sketch) return this.votes.root;
    if (slide.wanted) return this.run.root;
    return make("div");
  }

  /** @param {any} film */
  film(film) {
    const host = make("div", { class: "stage-film" });
    // a canvas takes plain colours: what these are in light or dark only a property that is no variable tells
    host.style.setProperty("--st-background-color", getComputedStyle(document.body).backgroundColor);
    host.style.setProperty("--st-border-color", getComputedStyle(/** @type {HTMLElement} */ (document.querySelector("footer"))).borderTopColor);
    const shadow = host.attachShadow({ mode: "open" });
    const source = /** @type {HTMLTemplateElement} */ (document.getElementById("film"));
    shadow.append(source.content.cloneNode(true));
    if (given.role === "stage") shadow.append(make("style", {}, [ON_STAGE]));
    const playground = new Playground(/** @type {any} */ (shadow.querySelector(".playground")));
    this.playground = playground;
    if (film.still) this.holdStill(playground.player);
    playground.show(film, () => {});
    if (given.role === "stage") {
      const { player } = playground;
      for (const act of ["play", "pause", "seek"]) {
        const own = /** @type {any} */ (player)[act].bind(player);
        /** @type {any} */ (player)[act] = (/** @type {any[]} */ ...values) => {
          own(...values);
          this.filmMoved({ share: player.share, playing: player.playing });
        };
      }
    }
    return host;
  }

  /** Stay on the first picture: what comes of it is still to be guessed. @param {any} player */
  holdStill(player) {
    for (const act of ["play", "seek"]) player[act] = () => {};
    player.took = (/** @type {any} */ stage) => {
      stage.hoped = Math.max(stage.film?.frames.length ?? 1, 2);
      player.share = 0;
      player.draw();
    };
  }

  /** @param {string} screen @param {number} place */
  screen(screen, place) {
    return make("iframe", { src: inFrame(screen, place), title: screen.split("?")[0] || "Domain Adaptation Lab" });
  }

  /** What there is to see of a screen at once; the screen itself, a page of its own, is a button away. @param {any} slide */
  lightScreen({ screen, light }) {
    const open = make("button", { type: "button", onclick: () => {
      this.main.className = "screen";
      this.playground?.close();
      this.playground = null;
      root.replaceChildren(this.screen(screen, -1));
    } }, [said("openScreen")]);
    const root = make("section", { class: "light" }, [
      light.title ? make("h2", {}, [light.title]) : null,
      ...light.lines.map((/** @type {string} */ line) => make("p", {}, emphasised(line))),
      light.film ? this.film(light.film) : null,
      this.run.root,
      light.recalls ? recalls(light.recalls) : null,
      light.confusions ? confusions(light.recalls.map((/** @type {[string]} */ [name]) => name), light.confusions) : null,
      light.maps ? maps(light.maps) : null,
      open,
    ]);
    this.light = root;
    return root;
  }

  /** Do what the instructor does: the same place of the film. @param {any} snapshot */
  follow(snapshot) {
    if (given.role !== "follow") return;
    const player = this.playground?.player;
    if (player && snapshot.film && JSON.stringify(snapshot.film) !== this.moved) {
      this.moved = JSON.stringify(snapshot.film);
      player.seek(snapshot.film.share);
      if (snapshot.film.playing && !player.still.matches) player.play();
    }
  }

  /** Where a lab of one's own begins that has what is shown. @param {any} slide @param {any} snapshot */
  labAddress(slide, snapshot) {
    const query = (/** @type {Record<string, string>} */ of) => new URLSearchParams({ ...of, room: given.id, lang: given.language });
    const screen = snapshot.screen ?? slide.screen;
    if (screen !== undefined && screen !== null) return screenAddress(screen, { room: given.id, lang: given.language });
    if (slide.film) return `${given.base}/playground?${query(slide.film.query)}`;
    if (snapshot.run) return `${given.base}/train?${query({ ...snapshot.run.query, run: snapshot.run.id })}`;
    if (slide.wanted) return `${given.base}/train?${query(Object.fromEntries(new URLSearchParams(slide.wanted)))}`;
    return `${given.base}/playground?${query({})}`;
  }
}

/** @param {string} screen @param {number} place */
function inFrame(screen, place) {
  // what the instructor does in the frame is followed; a student's frame is a page of their own
  /** @type {Record<string, string>} */
  const room = given.role === "stage" ? { room: `${given.id}~${place}` } : {};
  return screenAddress(screen, { embed: "1", lang: given.language, ...room });
}

/** The address of a screen below the path at which the app begins. @param {string} screen @param {Record<string, string>} more */
function screenAddress(screen, more) {
  const [name, query] = screen.split("?");
  const all = new URLSearchParams(query ?? "");
  for (const [field, value] of Object.entries(more)) all.set(field, value);
  return `${given.base}/${encodeURIComponent(name)}?${all}`; // a name has no “/”, so the address stays on this server
}

/** Set what stands between two stars in bold. @param {string} line */
function emphasised(line) {
  return line.split("**").map((part, place) => (place % 2 ? make("b", {}, [part]) : part));
}

/** How much of each class of the target was found, before and after. @param {[string, number, number][]} rows */
function recalls(rows) {
  const heads = ["class", "before", "after"].map((name) => said(name));
  const cells = rows.map(([name, ...shares]) => [name, ...shares.map((share) => percent(share))]);
  return make("table", { class: "recalls" }, [make("caption", {}, [said("found")]), ...tableRows(heads, cells)]);
}

/** What each class was taken for, before and after. @param {string[]} names @param {any} values shares in per cent, a row a class */
function confusions(names, values) {
  const tables = ["before", "after"].map((when) => make("table", { class: "confusion" }, [
    make("caption", {}, [said("takenFor", { model: said(when) })]),
    make("tr", {}, [make("td"), ...names.map((name) => make("th", { scope: "col" }, [make("span", {}, [name])]))]),
    ...names.map((name, row) => make("tr", {}, [
      make("th", { scope: "row" }, [name]),
      ...values[when][row].map((/** @type {number} */ share, /** @type {number} */ column) => {
        const cell = make("td", { class: row === column ? "right" : "" }, [share ? String(share) : ""]);
        cell.style.setProperty("--share", `${share / 2}%`); // at most half, so that the number can be read on it
        return cell;
      }),
    ])),
  ]));
  return make("div", { class: "confusions" }, tables);
}

/** The features before and after. @param {any} values whole numbers from 0 to `across`, source samples first */
function maps(values) {
  const figures = ["before", "after"].map((when) => {
    const picture = makeSvg("svg", { viewBox: `-20 -20 ${values.across + 40} ${values.across + 40}`, role: "img", "aria-label": said("map", { model: said(when) }), class: "map" });
    values[when].forEach((/** @type {[number, number]} */ [x, up], /** @type {number} */ place) => {
      picture.append(domainMark(place < values.source ? "source" : "target", x, values.across - up, 9, 8));
    });
    return make("figure", {}, [picture, make("figcaption", {}, [said(when)])]);
  });
  return make("div", { class: "maps" }, [...figures, domainKey()]);
}
