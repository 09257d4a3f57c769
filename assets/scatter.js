// Two scatter panels, before and after, of the same samples: one box of axes, linked hover, pictures on points.
// Everything shown comes in `data` already translated; text is set through textContent only.

const MOVE_MS = 700;
const REACH = 26; // how near a pointer must be to a point, in CSS pixels
const WHENS = ["before", "after"];
const views = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".scatter");
  if (!views.has(root)) views.set(root, new View(root));
  views.get(root).show(component.data);
  return () => {
    views.get(root)?.close();
    views.delete(root);
  };
}

class View {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.panels = WHENS.map((when, index) => new Panel(this, when, root.querySelectorAll("figure")[index]));
    this.active = -1; // the sample under the pointer, the same in both panels
    this.only = null; // the legend's entry that is looked at alone
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.sizes = new ResizeObserver(() => this.draw());
    this.panels.forEach((panel) => this.sizes.observe(panel.plot));
    // a change of theme reaches us as a change of the inherited colour
    root.style.transition = "color 1ms";
    root.addEventListener("transitionend", (event) => event.target === root && this.draw());
    this.find(".save").onclick = () => this.save();
  }

  close() {
    this.sizes.disconnect();
    cancelAnimationFrame(this.frame);
  }

  show(data) {
    const fresh = !this.data || this.data.id !== data.id;
    const from = fresh ? null : this.positions;
    const colours = fresh ? null : this.paint;
    this.data = data;
    this.count = data.label.length;
    this.unlabelled = data.label.some((label) => label < 0);
    if (fresh) {
      this.colour = data.colour;
      this.active = -1;
      this.only = null;
      this.order = shuffled(this.count);
    }
    if (fresh || !this.chosen) this.layout = data.points[data.layout] ? data.layout : "pca";
    this.label();
    this.go(from, colours);
  }

  // ── what is on the screen ─────────────────────────────────────────────────────────────────────────────────

  label() {
    const { texts, points, sizes } = this.data;
    this.choose(".colours", texts.colourBy, texts.colours, this.colour, {}, (name) => {
      this.colour = name;
      this.only = null;
    });
    const missing = Object.fromEntries(Object.keys(texts.layouts).map((name) => [name, points[name] ? "" : texts.pending]));
    this.choose(".layouts", texts.layout, texts.layouts, this.layout, missing, (name) => {
      this.layout = name;
      this.chosen = true;
    });
    this.find(".save").textContent = texts.save;
    this.find(".hint").textContent = sizes ? `${texts.hint} ${texts.sized}` : texts.hint;
    this.panels.forEach((panel) => panel.label());
    this.legend();
  }

  choose(where, title, options, current, missing, pick) {
    const group = this.find(where);
    const names = Object.keys(options);
    group.hidden = names.length < 2;
    group.querySelector("span").textContent = title;
    const box = group.querySelector("div");
    box.setAttribute("aria-label", title);
    const pressed = (name) => {
      if (name === this.colour || name === this.layout) return;
      const [from, colours] = [this.positions, this.paint];
      pick(name);
      this.label();
      this.go(from, colours);
      box.querySelector("[aria-checked=true]").focus();
    };
    box.replaceChildren(
      ...names.map((name, index) => {
        const button = element("button", options[name]);
        button.type = "button";
        button.setAttribute("role", "radio");
        button.setAttribute("aria-checked", name === current);
        button.tabIndex = name === current ? 0 : -1;
        button.disabled = Boolean(missing[name]);
        button.title = missing[name] ?? "";
        button.onclick = () => pressed(name);
        button.onkeydown = (event) => {
          const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
          if (!step) return;
          event.preventDefault();
          const next = names[(index + step + names.length) % names.length];
          if (!missing[next]) pressed(next);
        };
        return button;
      }),
    );
  }

  // the legend's entries: [name, colour, shape or null for both]
  entries() {
    const { texts, colours, classes } = this.data;
    if (this.colour === "domain")
      return [[texts.source, colours.source, "circle"], [texts.target, colours.target, "diamond"]];
    const unknown = this.unlabelled ? [[texts.unknown, colours.unknown, null]] : [];
    if (this.colour === "class") return [...classes.map((name, index) => [name, colours.classes[index], null]), ...unknown];
    return [[texts.right, colours.right, null], [texts.wrong, colours.wrong, null], ...unknown];
  }

  // which legend entry sample i belongs to in a panel
  entry(i, when) {
    const { label, sourceCount, predicted } = this.data;
    if (this.colour === "domain") return i < sourceCount ? 0 : 1;
    if (label[i] < 0) return this.entries().length - 1; // a target sample without a label
    if (this.colour === "class") return label[i];
    return predicted[when] && predicted[when][i] === label[i] ? 0 : 1;
  }

  legend() {
    const shapes = this.colour === "domain" ? [] : [[this.data.texts.source, "circle"], [this.data.texts.target, "diamond"]];
    this.find(".legend").replaceChildren(
      ...this.entries().map(([name, colour, shape], index) => {
        const button = element("button", "");
        button.type = "button";
        button.append(mark(shape ?? "dot", colour), element("span", name));
        button.setAttribute("aria-pressed", this.only === index);
        button.classList.toggle("quiet", this.only !== null && this.only !== index);
        button.onclick = () => {
          this.only = this.only === index ? null : index;
          this.legend();
          this.draw();
          this.find(".legend").children[index].focus();
        };
        return button;
      }),
      ...shapes.map(([name, shape]) => {
        const key = element("button", "");
        key.disabled = true;
        key.style.cursor = "default";
        key.append(mark(shape, "none"), element("span", name));
        return key;
      }),
    );
  }

  // ── moving ────────────────────────────────────────────────────────────────────────────────────────────────

  // start towards the state chosen now, from where the points and colours are
  go(from, colours) {
    const points = this.data.points[this.layout];
    const goal = Object.fromEntries(WHENS.map((when) => [when, points[when] && Float32Array.from(points[when])]));
    const paint = Object.fromEntries(
      WHENS.map((when) => [when, Array.from({ length: this.count }, (_, i) => this.entries()[this.entry(i, when)][1])]),
    );
    const begin = performance.now();
    const extent = reach(goal);
    const old = this.extent ?? extent;
    this.past = colours;
    this.paint = paint;
    cancelAnimationFrame(this.frame);
    const step = (now) => {
      const t = this.still.matches || !from ? 1 : Math.min((now - begin) / MOVE_MS, 1);
      this.t = t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
      this.positions = Object.fromEntries(WHENS.map((when) => [when, between(from?.[when], goal[when], this.t)]));
      this.extent = between(old, extent, this.t);
      if (t === 1) this.past = null;
      this.draw();
      if (t < 1) this.frame = requestAnimationFrame(step);
    };
    step(begin);
  }

  draw() {
    this.panels.forEach((panel) => panel.draw());
    this.panels.forEach((panel) => panel.highlight());
  }

  // ── the sample under the pointer ──────────────────────────────────────────────────────────────────────────

  point(i, panel) {
    if (i !== this.active) {
      this.active = i;
      this.panels.forEach((each) => each.highlight());
    }
    const tip = this.find(".tip");
    tip.hidden = i < 0;
    if (i < 0) return;
    const { texts, data } = { texts: this.data.texts, data: this.data };
    const lines = [element("b", data.classes[data.label[i]] ?? texts.unknown)];
    lines.push(line(i < data.sourceCount ? texts.source : texts.target, "faint"));
    for (const when of WHENS) {
      const guess = data.predicted[when];
      if (!guess) continue;
      const right = guess[i] === data.label[i];
      const judged = data.label[i] < 0 ? "" : right ? ` ✓ ${texts.right}` : ` ✗ ${texts.wrong}`;
      lines.push(line(`${texts[when]}: ${data.classes[guess[i]]}${judged}`));
    }
    if (data.weight && i < data.sourceCount) lines.push(line(`${texts.weight}: ${data.weight[i]}`));
    tip.querySelector(".words").replaceChildren(...lines);
    this.find(".unseen").textContent = lines.map((each) => each.textContent).join(", ");
    const picture = tip.querySelector(".picture");
    picture.hidden = !data.atlas;
    if (data.atlas) {
      const { uri, columns, rows } = data.atlas;
      picture.style.backgroundImage = `url("${uri}")`;
      picture.style.backgroundSize = `${columns * 96}px ${rows * 96}px`;
      picture.style.backgroundPosition = `${-(i % columns) * 96}px ${-Math.floor(i / columns) * 96}px`;
    }
    const [x, y] = panel.at(i);
    const [outer, plot] = [this.root.getBoundingClientRect(), panel.plot.getBoundingClientRect()];
    const px = plot.left - outer.left + x;
    const py = plot.top - outer.top + y;
    const { offsetWidth: w, offsetHeight: h } = tip;
    const left = px + 16 + w > outer.width ? px - 16 - w : px + 16;
    tip.style.left = `${Math.min(Math.max(left, 0), Math.max(outer.width - w, 0))}px`;
    tip.style.top = `${Math.max(py - h - 12 < 0 ? py + 16 : py - h - 12, 0)}px`;
  }

  // ── a picture to keep ─────────────────────────────────────────────────────────────────────────────────────

  save() {
    const style = getComputedStyle(this.root);
    const [side, gap, head, line, scale] = [480, 24, 44, 24, 2];
    const width = 2 * side + 3 * gap;
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const small = `14px ${style.fontFamily}`;
    pen.font = small;
    let [x, y] = [gap, head + side + 30];
    const keys = this.entries().map(([name, colour, shape]) => {
      const room = 40 + pen.measureText(name).width;
      if (x + room > width && x > gap) [x, y] = [gap, y + line];
      x += room;
      return { name, colour, shape: shape ?? "circle", x: x - room, y };
    });
    canvas.width = width * scale;
    canvas.height = (y + line) * scale;
    pen.scale(scale, scale);
    pen.fillStyle = style.getPropertyValue("--st-background-color") || "white";
    pen.fillRect(0, 0, width, y + line);
    this.panels.forEach((panel, index) => {
      const x = gap + index * (side + gap);
      pen.fillStyle = style.color;
      pen.font = `600 16px ${style.fontFamily}`;
      pen.fillText([this.data.texts[panel.when], this.data.scores[panel.when]].filter(Boolean).join("  ·  "), x, head - 14);
      pen.strokeStyle = style.getPropertyValue("--st-border-color") || "grey";
      pen.strokeRect(x, head, side, side);
      pen.save();
      pen.translate(x, head);
      panel.scatter(pen, side, side, scale);
      pen.restore();
    });
    pen.font = small;
    for (const key of keys) {
      pen.fillStyle = key.colour;
      pen.fill(outline(key.shape, key.x + 6, key.y, 6));
      pen.fillStyle = style.color;
      pen.fillText(key.name, key.x + 18, key.y + 5);
    }
    const link = document.createElement("a");
    link.download = `${this.data.file}-${this.layout}-${this.colour}.png`;
    link.href = canvas.toDataURL("image/png");
    link.click();
  }
}

class Panel {
  constructor(view, when, figure) {
    Object.assign(this, { view, when, figure, plot: figure.querySelector(".plot") });
    [this.base, this.over] = figure.querySelectorAll("canvas");
    const near = (event) => {
      const box = this.over.getBoundingClientRect();
      view.point(this.nearest(event.clientX - box.left, event.clientY - box.top), this);
    };
    this.over.onpointermove = near;
    this.over.onpointerdown = near;
    this.over.onpointerleave = (event) => event.pointerType === "mouse" && view.point(-1, this);
    this.over.onblur = () => view.point(-1, this);
    this.over.onkeydown = (event) => this.key(event);
  }

  label() {
    const { texts, scores, points } = this.view.data;
    const [title, score] = this.figure.querySelectorAll("figcaption span");
    title.textContent = texts[this.when];
    score.textContent = scores[this.when] ?? "";
    this.over.setAttribute("aria-label", texts.panels[this.when]);
    const waiting = this.plot.querySelector("p");
    waiting.hidden = Boolean(points[this.view.layout][this.when]);
    waiting.textContent = texts.waiting;
    this.plot.style.height = `${this.view.data.height}px`;
  }

  // where sample i lies in this panel, in CSS pixels: y goes up, and one scale serves both axes of both panels
  at(i, width = this.plot.clientWidth, height = this.plot.clientHeight) {
    const place = this.view.positions[this.when];
    const [across, up] = this.view.extent;
    const scale = (Math.min(width / across, height / up) / 2) * 0.92;
    return [width / 2 + place[2 * i] * scale, height / 2 - place[2 * i + 1] * scale];
  }

  shown(i) {
    return this.view.only === null || this.view.entry(i, this.when) === this.view.only;
  }

  nearest(x, y) {
    if (!this.view.positions[this.when]) return -1;
    let [best, reach] = [-1, REACH ** 2];
    for (let i = 0; i < this.view.count; i++) {
      const [px, py] = this.at(i);
      const far = (px - x) ** 2 + (py - y) ** 2;
      if (far < reach && this.shown(i)) [best, reach] = [i, far];
    }
    return best;
  }

  key(event) {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (event.key === "Escape") this.view.point(-1, this);
    if (!way || !this.view.positions[this.when]) return;
    event.preventDefault();
    const from = this.view.active;
    const [x, y] = from < 0 ? [this.plot.clientWidth / 2, this.plot.clientHeight / 2] : this.at(from);
    let [best, least] = [-1, Infinity];
    for (let i = 0; i < this.view.count; i++) {
      const [px, py] = this.at(i);
      const along = from < 0 ? 0 : (px - x) * way[0] + (py - y) * way[1];
      const aside = Math.abs((px - x) * way[1]) + Math.abs((py - y) * way[0]);
      const cost = from < 0 ? Math.hypot(px - x, py - y) : along + 2 * aside;
      if (i !== from && this.shown(i) && (from < 0 || along > aside / 2) && cost < least) [best, least] = [i, cost];
    }
    if (best >= 0) this.view.point(best, this);
  }

  draw() {
    const pen = fitted(this.base, this.plot);
    this.scatter(pen, this.plot.clientWidth, this.plot.clientHeight, devicePixelRatio || 1);
  }

  // `ratio`: how many pixels of the canvas one CSS pixel is
  scatter(pen, width, height, ratio) {
    const { view, when } = this;
    if (!view.positions?.[when] || !width) return;
    const { data, past, paint, t } = view;
    const edge = getComputedStyle(view.root).getPropertyValue("--st-background-color") || "white";
    const stamps = new Stamps(edge, ratio);
    const radius = Math.min(Math.max(Math.sqrt((width * height) / view.count) / 4.2, 2.4), 5);
    for (const i of view.order) {
      const [x, y] = this.at(i, width, height);
      const weighs = data.sizes && when === "after" && i < data.sourceCount; // before, all weigh the same
      const size = radius * (weighs ? data.sizes[i] : 1);
      const shape = i < data.sourceCount ? "circle" : "diamond";
      const strength = this.shown(i) ? 0.85 : 0.07;
      const changing = past && past[when][i] !== paint[when][i];
      if (changing) {
        pen.globalAlpha = strength * (1 - t);
        stamps.press(pen, shape, past[when][i], size, x, y);
      }
      pen.globalAlpha = changing ? strength * t : strength;
      stamps.press(pen, shape, paint[when][i], size, x, y);
    }
    pen.globalAlpha = 1;
  }

  // the ring around the active sample; in the second panel also the way it came
  highlight() {
    const pen = fitted(this.over, this.plot);
    const { view } = this;
    if (view.active < 0 || !view.positions?.[this.when]) return;
    const shape = view.active < view.data.sourceCount ? "circle" : "diamond";
    const ink = getComputedStyle(view.root).color;
    const [x, y] = this.at(view.active);
    pen.strokeStyle = ink;
    if (this.when === "after" && view.positions.before) {
      const [fromX, fromY] = this.view.panels[0].at(view.active, this.plot.clientWidth, this.plot.clientHeight);
      pen.setLineDash([4, 4]);
      pen.beginPath();
      pen.moveTo(fromX, fromY);
      pen.lineTo(x, y);
      pen.stroke();
      pen.setLineDash([]);
      pen.stroke(outline(shape, fromX, fromY, 4));
    }
    pen.fillStyle = view.paint[this.when][view.active];
    pen.fill(outline(shape, x, y, 7));
    pen.lineWidth = 2;
    pen.stroke(outline(shape, x, y, 8));
  }
}

// marks drawn once a look and then copied, which is several times faster than drawing each point's path
class Stamps {
  constructor(edge, ratio) {
    Object.assign(this, { edge, ratio, made: new Map() });
  }

  press(pen, shape, colour, radius, x, y) {
    const size = Math.round(radius * 4) / 4;
    const key = `${shape}${colour}${size}`;
    if (!this.made.has(key)) this.made.set(key, this.make(shape, colour, size));
    const stamp = this.made.get(key);
    const side = stamp.width / this.ratio;
    const whole = (value) => Math.round((value - side / 2) * this.ratio) / this.ratio; // no blur between two pixels
    pen.drawImage(stamp, whole(x), whole(y), side, side);
  }

  make(shape, colour, radius) {
    const stamp = document.createElement("canvas");
    stamp.width = stamp.height = 2 * Math.ceil((radius * 1.25 + 1) * this.ratio);
    const pen = stamp.getContext("2d");
    pen.scale(this.ratio, this.ratio);
    const path = outline(shape, stamp.width / this.ratio / 2, stamp.width / this.ratio / 2, radius);
    pen.fillStyle = colour;
    pen.fill(path);
    pen.lineWidth = 0.6;
    pen.strokeStyle = this.edge;
    pen.stroke(path);
    return stamp;
  }
}

// ── small tools ─────────────────────────────────────────────────────────────────────────────────────────────────

function outline(shape, x, y, r) {
  const path = new Path2D();
  if (shape === "diamond") {
    const d = r * 1.25; // looks as large as the circle of radius r
    path.moveTo(x, y - d);
    path.lineTo(x + d, y);
    path.lineTo(x, y + d);
    path.lineTo(x - d, y);
    path.closePath();
  } else path.arc(x, y, r, 0, 2 * Math.PI);
  return path;
}

// a canvas as large as its box in device pixels, cleared, with a pen that counts CSS pixels
function fitted(canvas, box) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [Math.round(box.clientWidth * ratio), Math.round(box.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, box.clientWidth, box.clientHeight);
  return pen;
}

function between(from, to, t) {
  if (!from || !to || from.length !== to.length || t === 1) return to;
  return to.map((value, i) => from[i] + (value - from[i]) * t);
}

// how far points lie from the middle, across and up, in both panels together
function reach(places) {
  const far = [1e-6, 1e-6];
  for (const place of Object.values(places)) place?.forEach((value, i) => (far[i % 2] = Math.max(far[i % 2], Math.abs(value))));
  return far;
}

// one order for both panels, so that neither domain always lies on top; fixed, so that nothing flickers
function shuffled(count) {
  const order = Array.from({ length: count }, (_, i) => i);
  let seed = 1;
  for (let i = count - 1; i > 0; i--) {
    seed = (seed * 48271) % 2147483647;
    const j = seed % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function element(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

function line(text, kind = "") {
  const node = element("span", text);
  node.className = kind;
  return node;
}

function mark(shape, colour) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "-6 -6 12 12");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  const circle = "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0";
  path.setAttribute("d", { circle, diamond: "M0,-6L6,0L0,6L-6,0Z", dot: "M-5,-5h10v10h-10z" }[shape]);
  path.setAttribute("fill", colour);
  path.setAttribute("stroke", colour === "none" ? "currentColor" : "none");
  path.setAttribute("stroke-width", "1.5");
  svg.append(path);
  return svg;
}
