// Two scatter panels, before and after, of the same samples: one box of axes, linked marks, pictures on points.
// Everything shown comes in `data` already translated; text is set through textContent only. The files
// scatter_panel.js, scatter_course.js, scatter_details.js and scatter_marks.js are parts of the same script.

const MOVE_MS = 700;
const WHENS = ["before", "after"];
const MISSING = -32768; // a sample that a layout leaves out
const views = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".scatter");
  if (!views.has(root)) views.set(root, new View(root));
  views.get(root).show(component.data, (name) => component.setTriggerValue("asked", name));
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
    this.smalls = []; // panels of the same samples laid out with other seeds
    this.course = new Course(this, this.find(".course"));
    this.active = -1; // the sample under the pointer, the same in all panels
    this.pinned = -1; // the one that was clicked
    this.selected = null; // (n,) 1 where a lasso has been drawn around
    this.only = null; // the legend's entry that is looked at alone
    this.classes = new Set(); // those that are looked at; none: all
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.sizes = new ResizeObserver(() => this.draw());
    this.panels.forEach((panel) => this.sizes.observe(panel.plot));
    // a change of theme reaches us as a change of the inherited colour
    root.style.transition = "color 1ms";
    root.addEventListener("transitionend", (event) => event.target === root && this.draw());
    this.find(".save").onclick = () => this.save();
    this.find(".around").onclick = () => this.around(!this.lassos);
    this.around(false);
  }

  close() {
    this.sizes.disconnect();
    this.course.pause();
    cancelAnimationFrame(this.frame);
  }

  show(data, ask) {
    const fresh = !this.data || this.data.id !== data.id;
    const [from, colours] = fresh ? [] : [this.positions, this.paint];
    const here = fresh ? null : this.course.name;
    Object.assign(this, { data, ask, count: data.count });
    this.label_ = decoded(data.label);
    this.unlabelled = this.label_.some((label) => label < 0);
    this.predicted = Object.fromEntries(Object.entries(data.predicted).map(([name, guess]) => [name, decoded(guess)]));
    if (fresh) {
      Object.assign(this, { colour: data.colour, chosen: false, wanted: null, active: -1, pinned: -1, selected: null, only: null });
      this.classes.clear();
      this.order = shuffled(this.count);
    }
    if (this.wanted && data.points[this.wanted]) [this.layout, this.chosen, this.wanted] = [this.wanted, true, null];
    else if (!this.chosen || !data.points[this.layout]) this.layout = data.points[data.layout] ? data.layout : "pca";
    const shown = JSON.stringify([this.layout, data.points[this.layout], data.predicted, data.confidence, data.height]);
    const moved = fresh || shown !== this.shownLast; // else what plays, plays on
    this.shownLast = shown;
    if (moved) this.course.reach(here);
    this.say();
    this.multiples();
    if (moved) this.go(from, colours);
    else this.draw();
    this.details();
  }

  // ── what is on the screen ─────────────────────────────────────────────────────────────────────────────────

  say() {
    const { texts, points, sizes } = this.data;
    this.choose(".colours", texts.colourBy, texts.colours, this.colour, {}, (name) => {
      this.colour = name;
      this.only = null;
    });
    const missing = Object.fromEntries(
      Object.keys(texts.layouts).map((name) => [name, points[name] || this.data.slow.includes(name) ? "" : texts.pending]),
    );
    this.choose(".layouts", texts.layout, texts.layouts, this.layout, missing, (name) => {
      if (!points[name]) {
        this.wanted = name;
        this.ask(name);
        this.find(".state").textContent = texts.coming;
        return;
      }
      this.wanted = null;
      this.layout = name;
      this.chosen = true;
      this.course.reach(this.course.name);
    });
    this.find(".save").textContent = texts.save;
    this.find(".around").textContent = texts.around;
    const hints = [texts.hint, this.data.sounds && texts.heard, sizes && texts.sized];
    this.find(".hint").textContent = hints.filter(Boolean).join(" ");
    this.find(".state").textContent = this.wanted ? texts.coming : (this.data.state[this.layout] ?? "");
    this.panels.forEach((panel) => panel.say());
    this.course.say();
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
      if (name === this.colour || (name === this.layout && !this.wanted)) return;
      const [from, colours] = [this.positions, this.paint];
      pick(name);
      if (this.wanted === name) return;
      this.say();
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

  className(index) {
    return this.data.classes[index] ?? this.data.texts.unknown;
  }

  // the legend's entries: [name, colour, shape or null for both]; scales are one entry from colour to colour
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
    const name = when === "after" ? this.course.name : when;
    const label = this.label_[i];
    if (this.colour === "domain") return i < this.data.sourceCount ? 0 : 1;
    if (this.colour === "class") return label < 0 ? this.data.classes.length : label;
    if (label < 0 || !this.predicted[name]) return 2; // not known
    return this.predicted[name][i] === label ? 0 : 1;
  }

  // the colour of every sample in a panel
  painted(when) {
    const { colours, sourceCount } = this.data;
    const name = when === "after" ? this.course.name : when;
    if (this.colour === "confidence" || this.colour === "weight") {
      const told = this.colour === "weight" ? this.data.heaviness : this.data.confidence[name];
      const values = told && decoded(told, Uint8Array);
      const known = (i) => values && (this.colour === "confidence" || i < sourceCount);
      return Array.from({ length: this.count }, (_, i) => (known(i) ? ramp(colours.scale, values[i] / 255) : colours.unknown));
    }
    const entries = this.entries();
    return Array.from({ length: this.count }, (_, i) => entries[this.entry(i, when)]?.[1] ?? colours.unknown);
  }

  legend() {
    const { texts, colours, scales } = this.data;
    const keys = [];
    const scale = scales[this.colour];
    if (scale) {
      const bar = element("span", "");
      bar.className = "ramp";
      bar.style.background = `linear-gradient(to right, ${colours.scale.join(", ")})`;
      keys.push(row("scale", element("span", scale[0]), bar, element("span", scale[1])));
    } else if (this.colour !== "class")
      keys.push(
        ...this.entries().map(([name, colour, shape], index) =>
          this.key(name, mark(shape ?? "dot", colour), this.only === index, this.only !== null && this.only !== index, () => {
            this.only = this.only === index ? null : index;
          }),
        ),
      );
    if (this.colour !== "domain") {
      const shapes = [[texts.source, "circle"], [texts.target, "diamond"]];
      keys.push(...shapes.map(([name, shape]) => row("shape", mark(shape, "none"), element("span", name))));
    }
    this.find(".legend").replaceChildren(...keys);
    const named = [...this.data.classes.entries(), ...(this.unlabelled ? [[-1, texts.unknown]] : [])];
    const byClass = named.map(([index, name]) => {
      const [on, some] = [this.classes.has(index), this.classes.size > 0];
      const dot = this.colour === "class" ? mark("dot", colours.classes[index] ?? colours.unknown) : "";
      return this.key(name, dot, on, some && !on, () => (on ? this.classes.delete(index) : this.classes.add(index)));
    });
    this.find(".classes").replaceChildren(element("span", texts.classes), ...byClass);
  }

  key(name, symbol, pressed, quiet, toggle) {
    const button = element("button", "");
    button.type = "button";
    button.append(symbol, element("span", name));
    button.setAttribute("aria-pressed", pressed);
    button.classList.toggle("quiet", quiet);
    button.onclick = () => {
      const place = [...button.parentElement.children].indexOf(button);
      const where = button.parentElement;
      toggle();
      this.legend();
      this.draw();
      this.details(); // a selection counts what is looked at
      where.children[place].focus();
    };
    return button;
  }

  // ── moving ────────────────────────────────────────────────────────────────────────────────────────────────

  // where the samples of a panel lie in the layout and at the epoch chosen now
  goal() {
    return { before: this.points("before"), after: this.course.points() };
  }

  points(name) {
    const told = this.data.points[this.layout]?.[name];
    return told && decoded(told);
  }

  // start towards the state chosen now, from where the points and colours are
  go(from, colours) {
    const goal = this.goal();
    const begin = performance.now();
    const extent = this.course.extent();
    const old = this.extent ?? extent;
    this.past = colours;
    this.repaint();
    this.course.pause();
    cancelAnimationFrame(this.frame);
    const step = (now) => {
      const t = this.still.matches || !from ? 1 : Math.min(Math.max((now - begin) / MOVE_MS, 0), 1);
      this.t = t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
      this.positions = Object.fromEntries(WHENS.map((when) => [when, between(from?.[when], goal[when], this.t)]));
      this.extent = [between2(old[0], extent[0], this.t), between2(old[1], extent[1], this.t)];
      if (t === 1) this.past = null;
      this.draw();
      if (t < 1) this.frame = requestAnimationFrame(step);
    };
    step(begin);
  }

  // end a move at once, so that another may begin
  arrive() {
    cancelAnimationFrame(this.frame);
    if (this.t === 1) return;
    Object.assign(this, { t: 1, past: null, extent: this.course.extent(), positions: this.goal() });
    this.draw();
  }

  repaint() {
    this.paint = Object.fromEntries(WHENS.map((when) => [when, this.painted(when)]));
  }

  draw() {
    for (const panel of this.everyPanel()) panel.draw();
    this.mark();
  }

  mark() {
    for (const panel of this.everyPanel()) panel.highlight();
  }

  everyPanel() {
    return this.panels.concat(this.smalls);
  }

  // the same samples laid out with other seeds, in small panels that answer like the large ones
  multiples() {
    const box = this.find(".seeds");
    const told = this.data.seeds;
    box.hidden = !told.length;
    const shown = JSON.stringify(told);
    if (this.seeds === shown) return;
    this.seeds = shown;
    this.smalls.forEach((panel) => this.sizes.unobserve(panel.plot));
    const figures = told.map(() => this.find(".panels figure").cloneNode(true));
    this.smalls = figures.map((figure, index) => new Panel(this, "after", figure, decoded(told[index].points)));
    box.replaceChildren(...figures);
    this.smalls.forEach((panel, index) => {
      panel.say(told[index].title);
      this.sizes.observe(panel.plot);
    });
  }

  // ── the sample under the pointer ──────────────────────────────────────────────────────────────────────────

  point(i, panel) {
    if (i !== this.active) {
      this.active = i;
      this.mark();
    }
    const tip = this.find(".tip");
    tip.hidden = i < 0;
    if (i < 0) return;
    const lines = this.told(i);
    tip.querySelector(".words").replaceChildren(...lines);
    this.find(".unseen").textContent = lines.map((each) => each.textContent).join(", ");
    this.thumbnail(tip.querySelector(".picture"), i, 96);
    const [x, y] = panel.at(i);
    const [outer, plot] = [this.root.getBoundingClientRect(), panel.plot.getBoundingClientRect()];
    const px = plot.left - outer.left + x;
    const py = plot.top - outer.top + y;
    const { offsetWidth: w, offsetHeight: h } = tip;
    const left = px + 16 + w > outer.width ? px - 16 - w : px + 16;
    tip.style.left = `${Math.min(Math.max(left, 0), Math.max(outer.width - w, 0))}px`;
    tip.style.top = `${Math.max(py - h - 12 < 0 ? py + 16 : py - h - 12, 0)}px`;
  }

  // a sample in words: its class and domain, and what both networks say
  told(i) {
    const { texts, confidence, sourceCount, weight, tips } = this.data;
    const label = this.label_[i];
    const lines = [element("b", this.className(label))];
    lines.push(line(i < sourceCount ? texts.source : texts.target, "faint"));
    for (const when of WHENS) {
      const guess = this.predicted[when];
      if (!guess) continue;
      const sure = confidence[when] ? ` ${Math.round((decoded(confidence[when], Uint8Array)[i] / 255) * 100)}%` : "";
      const verdict = label < 0 ? "" : guess[i] === label ? ` ✓ ${texts.right}` : ` ✗ ${texts.wrong}`;
      lines.push(line(`${texts[when]}: ${this.className(guess[i])}${sure}${verdict}`));
    }
    if (weight && i < sourceCount) lines.push(line(`${texts.weight}: ${weight[i]}`));
    if (tips) lines.push(line(tips[i], "said"));
    return lines;
  }

  thumbnail(node, i, side) {
    const { atlas } = this.data;
    node.hidden = !atlas;
    if (!atlas) return;
    const { uri, columns, rows } = atlas;
    node.style.backgroundImage = `url("${uri}")`;
    node.style.backgroundSize = `${columns * side}px ${rows * side}px`;
    node.style.backgroundPosition = `${-(i % columns) * side}px ${-Math.floor(i / columns) * side}px`;
  }

  pin(i) {
    this.pinned = i;
    this.play(i);
    this.find(".tip").hidden = true;
    this.draw();
    this.details();
  }

  // the sample's sound, from its start; the browser keeps those that were heard
  play(i) {
    if (i < 0 || !this.data.sounds) return;
    this.sound ??= new Audio();
    this.sound.src = `${this.data.sounds}/${i}.wav`;
    this.sound.play().catch(() => {}); // interrupted by the next one
  }

  // whether a finger that moves draws a lasso, as a mouse always does; else it scrolls the page
  around(lassos) {
    this.lassos = lassos;
    this.find(".around").setAttribute("aria-pressed", lassos);
    this.root.classList.toggle("lassos", lassos);
  }

  select(inside) {
    this.selected = inside?.some(Boolean) ? inside : null;
    this.draw();
    this.details();
  }

  details() {
    this.find(".details").replaceChildren(...[selection(this), pinned(this)].filter(Boolean));
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
    const ends = this.data.scales[this.colour]?.map((name, index) => [name, this.data.colours.scale.at(-index), null]);
    const { texts } = this.data;
    const shapes = this.colour === "domain" ? [] : [[texts.source, "none", "circle"], [texts.target, "none", "diamond"]];
    const keys = [...(ends ?? this.entries()), ...shapes].map(([name, colour, shape]) => {
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
      pen.fillText(panel.caption().filter(Boolean).join("  ·  "), x, head - 14);
      pen.strokeStyle = style.getPropertyValue("--st-border-color") || "grey";
      pen.strokeRect(x, head, side, side);
      pen.save();
      pen.translate(x, head);
      panel.scatter(pen, side, side, scale);
      pen.restore();
    });
    pen.font = small;
    for (const key of keys) {
      const drawn = outline(key.shape, key.x + 6, key.y, 6);
      pen.fillStyle = key.colour === "none" ? "transparent" : key.colour;
      pen.fill(drawn);
      pen.strokeStyle = pen.fillStyle = style.color;
      if (key.colour === "none") pen.stroke(drawn);
      pen.fillText(key.name, key.x + 18, key.y + 5);
    }
    const link = document.createElement("a");
    link.download = `${this.data.file}-${this.layout}-${this.colour}.png`;
    link.href = canvas.toDataURL("image/png");
    link.click();
  }
}
