// @ts-check
// Time, buttons and keys of the films on the screen.

const SPEEDS = [0.25, 0.5, 1, 2, 4];
const FRAMES_A_SECOND = 16;
const SECONDS_A_FIT = 1.6; // of a film of few frames, each of which is a step of its own

class Player {
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
      Escape: () => this.playground.handles.release(),
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

  /** The first frame of another film is here. @param {Stage} stage */
  took(stage) {
    const { goFrom } = this.playground;
    stage.hoped = Math.max(stage.film?.frames.length ?? 1, 2);
    if (goFrom === undefined && !stage.playground.handles.busy && !this.still.matches) {
      this.share = 0;
      this.play();
    }
    if (this.still.matches) this.share = 1;
    this.draw();
  }

  /** More frames of a film are here. @param {Stage} stage */
  grown(stage) {
    const { goFrom } = this.playground;
    const frames = stage.film?.frames ?? [];
    if (stage.film?.whole) stage.hoped = frames.length;
    if (goFrom !== undefined && stage.index === 0 && stage.film?.whole) {
      const place = frames.findIndex((frame) => frame.phase === "adapt" && frame.step >= goFrom);
      this.playground.goFrom = undefined;
      this.share = Math.max(0, place) / Math.max(1, frames.length - 1);
      this.play();
    }
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
    this.playground.handles.draw();
    this.playground.game.draw();
    this.curve.draw();
    this.words();
  }

  /** @param {Stage} stage @param {number} t */
  numbers(stage, t) {
    const frame = stage.film?.frames[Math.floor(t + 1e-6)];
    const { texts } = this.playground.data;
    if (!frame) return;
    const parts = [];
    for (const name of ["source", "target"]) {
      if (frame.numbers[name] !== undefined) parts.push(filled(texts[`${name}Right`], { share: percents(frame.numbers[name]) }));
    }
    const node = stage.figure.querySelector(".numbers");
    if (node.textContent !== parts.join(" · ")) node.textContent = parts.join(" · ");
    bars(stage, frame);
  }

  /** What has just happened, written at each frame. */
  words() {
    const stage = this.playground.stages[0];
    const frames = stage?.film?.frames ?? [];
    const at = Math.floor(this.time(stage) + 1e-6);
    if (!frames[at]) return;
    const sentence = sentenceOf(frames, at, stage.film?.header?.told, this.playground.data.texts);
    const node = this.playground.find(".sentence");
    if (node.textContent !== sentence) node.textContent = sentence;
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

/** Class proportions as bars, where a method weights classes or samples. @param {Stage} stage @param {Frame} frame */
function bars(stage, frame) {
  const box = stage.figure.querySelector(".bars");
  const header = stage.film?.header;
  box.hidden = !(header && header.told.kind === "reweighting");
  if (box.hidden || !header) return;
  const { texts, colours } = stage.playground.data;
  const { label, told } = header;
  const shares = [0, 1, 2].map(() => new Float64Array(told.classes.length));
  for (let i = 0; i < label.length; i++) {
    if (label[i] < 0) continue;
    if (i < told.source_count) {
      shares[0][label[i]] += 1;
      shares[1][label[i]] += frame.weights ? frame.weights[i] : 1;
    } else shares[2][label[i]] += 1;
  }
  const key = JSON.stringify(shares.map((share) => [...share]));
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...["sourceBar", "weightedBar", "targetBar"].map((name, row) => {
    const sum = shares[row].reduce((a, b) => a + b, 0) || 1;
    const [line, title, bar] = [document.createElement("div"), document.createElement("span"), document.createElement("div")];
    title.textContent = texts[name];
    bar.className = "share";
    told.classes.forEach((/** @type {string} */ one, /** @type {number} */ index) => {
      const part = document.createElement("i");
      part.style.width = `${(100 * shares[row][index]) / sum}%`;
      part.style.background = colours.classes[index];
      part.textContent = shares[row][index] / sum > 0.12 ? `${one} ${Math.round((100 * shares[row][index]) / sum)}%` : "";
      bar.append(part);
    });
    line.append(title, bar);
    return line;
  }));
}

/** Losses and accuracies under the pictures; the cursor is the frame, and the curve itself is the slider. */
class Curve {
  /** @param {Player} player @param {HTMLCanvasElement} canvas */
  constructor(player, canvas) {
    this.player = player;
    this.canvas = canvas;
    const scrub = (/** @type {PointerEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      player.seek((event.clientX - box.left) / box.width);
    };
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      scrub(event);
    };
    canvas.onpointermove = (event) => event.buttons && scrub(event);
  }

  draw() {
    const { playground } = this.player;
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const first = playground.stages[0];
    if (!width || !first?.film?.frames.length) return;
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio)) [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const colours = first.paint();
    const y = (/** @type {number} */ value) => 4 + (1 - value) * (height - 8);
    pen.lineWidth = 1;
    pen.strokeStyle = colours.line;
    for (const share of [0, 0.5, 1]) {
      pen.beginPath();
      pen.moveTo(0, y(share));
      pen.lineTo(width, y(share));
      pen.stroke();
    }
    for (const stage of playground.stages) {
      const frames = stage.film?.frames ?? [];
      const expected = Math.max(2, this.player.expected(stage));
      const x = (/** @type {number} */ at) => (at / (expected - 1)) * width;
      const line = (/** @type {string} */ name, /** @type {string} */ colour, /** @type {number[]} */ dash, most = 1) => {
        pen.strokeStyle = colour;
        pen.lineWidth = stage.index ? 1.2 : 2;
        pen.globalAlpha = stage.index ? 0.6 : 1;
        pen.setLineDash(dash);
        pen.beginPath();
        let drawing = false;
        frames.forEach((frame, at) => {
          const value = frame.numbers[name];
          if (value === undefined) return (drawing = false);
          pen[drawing ? "lineTo" : "moveTo"](x(at), y(Math.max(0, Math.min(1, value / most))));
          drawing = true;
        });
        pen.stroke();
        pen.setLineDash([]);
        pen.globalAlpha = 1;
      };
      line("loss class", colours.grey, [1, 3], Math.max(1, ...frames.map((frame) => frame.numbers["loss class"] ?? 0)));
      line("domain", colours.ink, [5, 4]);
      line("source", colours.source, stage.index ? [2, 2] : []);
      line("target", colours.target, stage.index ? [2, 2] : []);
      const began = frames.findIndex((frame) => frame.phase !== "source_only");
      if (began > 0 && !stage.index) {
        pen.strokeStyle = colours.ink;
        pen.globalAlpha = 0.4;
        pen.beginPath();
        pen.moveTo(x(began), 0);
        pen.lineTo(x(began), height);
        pen.stroke();
        pen.globalAlpha = 1;
      }
    }
    const at = this.player.share * width;
    pen.strokeStyle = pen.fillStyle = colours.ink;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(at, 0);
    pen.lineTo(at, height);
    pen.stroke();
    pen.beginPath();
    pen.arc(at, 6, 5, 0, 7);
    pen.fill();
    const frames = first.film.frames;
    const place = Math.floor(this.player.time(first) + 1e-6);
    canvas.setAttribute("aria-valuemin", "1");
    canvas.setAttribute("aria-valuemax", String(frames.length));
    canvas.setAttribute("aria-valuenow", String(place + 1));
    canvas.setAttribute("aria-valuetext", filled(playground.data.texts.frame, { frame: place + 1, count: frames.length }));
    const output = playground.find(".place");
    output.textContent = filled(playground.data.texts.frame, { frame: place + 1, count: frames.length });
  }
}
