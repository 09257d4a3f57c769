// @ts-check
// One slide: its title and lines, and the one thing that it shows.

/** A film on the projector: picture, course and buttons fit below a title, and two films stand in one row. */
const ON_STAGE = `.playground { font-size: 1rem; } .plot { max-height: 33vh; max-width: 33vh; } .curve { height: 60px; margin-top: 0.2rem; }
.sentence { min-height: 1.4em; margin: 0.2rem 0; } .stages .stage.pair .panels { grid-template-columns: 1fr 1fr; }
.stages .stage.pair .plot { max-width: 32vh; }`;

/** What stands on the screen of one role. */
class SlideView {
  /** @param {HTMLElement} main @param {(film: {share: number, playing: boolean}) => void} filmMoved */
  constructor(main, filmMoved) {
    this.main = main;
    this.filmMoved = filmMoved;
    this.key = "";
    this.votes = new VoteView();
    this.run = new RunView();
  }

  /**
   * Draw a slide, or bring the one that stands up to date.
   * @param {any} slide @param {number} place @param {any} told what the room says besides
   */
  show(slide, place, told) {
    const key = JSON.stringify([place, slide]);
    if (key !== this.key) {
      this.key = key;
      this.playground?.close();
      this.playground = null;
      this.frame = null;
      this.votes.forget();
      this.run.forget();
      this.moved = "";
      tell("");
      const lines = slide.lines.map((/** @type {string} */ line) => make("li", {}, emphasised(line)));
      this.main.replaceChildren(
        make("h1", {}, [slide.title]), ...(lines.length ? [make("ul", { class: "lines" }, lines)] : []), this.shown(slide, place),
      );
      this.main.className = ["film", "screen", "question", "prediction"].find((name) => slide[name] !== undefined) ?? "";
      this.main.classList.toggle("pair", slide.film?.films.length > 1);
      scrollTo(0, 0);
    }
    if (slide.question || slide.prediction) this.votes.show(slide, place, told.ballot);
    if (slide.wanted) this.run.show(told.run);
    this.follow(slide, told);
  }

  /** @param {any} slide @param {number} place */
  shown(slide, place) {
    if (slide.film) return this.film(slide.film);
    if (slide.screen) return this.screen(slide.screen, place);
    if (slide.question || slide.prediction) return this.votes.root;
    if (slide.wanted) return this.run.root;
    return make("div");
  }

  /** @param {any} film */
  film(film) {
    const host = make("div", { class: "stage-film" });
    const shadow = host.attachShadow({ mode: "open" });
    const source = /** @type {HTMLTemplateElement} */ (document.getElementById("film"));
    shadow.append(source.content.cloneNode(true));
    if (given.role === "stage") shadow.append(make("style", {}, [ON_STAGE]));
    const playground = new (/** @type {any} */ (globalThis).Playground)(shadow.querySelector(".playground"));
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
    player.play = () => {};
    player.took = (/** @type {any} */ stage) => {
      stage.hoped = Math.max(stage.film?.frames.length ?? 1, 2);
      player.share = 0;
      player.draw();
    };
  }

  /** @param {string} screen @param {number} place */
  screen(screen, place) {
    this.frame = make("iframe", { src: inFrame(screen, place), title: screen.split("?")[0] || "Domain Adaptation Lab" });
    return this.frame;
  }

  /** Do what the instructor does: the same place of the film, the same screen. @param {any} slide @param {any} told */
  follow(slide, told) {
    if (given.role !== "follow") return;
    const player = this.playground?.player;
    if (player && told.film && JSON.stringify(told.film) !== this.moved) {
      this.moved = JSON.stringify(told.film);
      player.seek(told.film.share);
      if (told.film.playing && !player.still.matches) player.play();
    }
    const wanted = told.screen ?? slide.screen;
    if (!wanted) return;
    if (!this.frame) {
      this.playground?.close();
      this.playground = null;
      this.main.replaceChildren(make("h1", {}, [slide.title]), this.screen(wanted, -1));
      this.main.className = "screen";
    } else if (this.frame.getAttribute("src") !== inFrame(wanted, -1)) this.frame.setAttribute("src", inFrame(wanted, -1));
  }

  /** Where a lab of one's own begins that has what is shown. @param {any} slide @param {any} told */
  labAddress(slide, told) {
    const query = (/** @type {Record<string, string>} */ of) => new URLSearchParams({ ...of, room: given.id, lang: given.language });
    const screen = told.screen ?? slide.screen;
    if (screen) return `${given.base}/${withQuery(screen, { room: given.id, lang: given.language })}`;
    if (slide.film) return `${given.base}/playground?${query(slide.film.query)}`;
    if (told.run) return `${given.base}/train?${query({ ...told.run.query, run: told.run.id })}`;
    if (slide.wanted) return `${given.base}/train?${query(Object.fromEntries(new URLSearchParams(slide.wanted)))}`;
    return `${given.base}/playground?${query({})}`;
  }
}

/** @param {string} screen @param {number} place */
function inFrame(screen, place) {
  // what the instructor does in the frame is followed; a student's frame is a page of their own
  const room = given.role === "stage" ? { room: `${given.id}~${place}` } : {};
  return `${given.base}/${withQuery(screen, { embed: "1", lang: given.language, ...room })}`;
}

/** @param {string} screen @param {Record<string, string>} more */
function withQuery(screen, more) {
  const [path, query] = screen.split("?");
  const all = new URLSearchParams(query ?? "");
  for (const [name, value] of Object.entries(more)) all.set(name, value);
  return `${path}?${all}`;
}

/** Set what stands between two stars in bold. @param {string} line */
function emphasised(line) {
  return line.split("**").map((part, place) => (place % 2 ? make("b", {}, [part]) : part));
}
