// @ts-check
// Films and pictures to keep, a film that is opened, and one slider swept as small multiples.

/** @param {Blob | string} what @param {string} name */
function download(what, name) {
  const link = document.createElement("a");
  link.download = name;
  link.href = typeof what === "string" ? what : URL.createObjectURL(what);
  link.click();
  if (typeof what !== "string") setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @param {Playground} playground */
function saveFilm(playground) {
  const { film } = playground.stages[0];
  if (film?.whole) download(new Blob(/** @type {any} */ (film.parts)), `${playground.data.file}.dafilm`);
}

/** Open a film from a file; what is none changes nothing. @param {Playground} playground @param {File | undefined} file */
async function openFilm(playground, file) {
  playground.find(".open-film").value = "";
  if (!file) return;
  const film = new FilmReader();
  try {
    if (file.size > MOST_FILM_BYTES) throw new NoFilm("too large");
    await film.read(new Uint8Array(await file.arrayBuffer()));
    if (!film.whole || !film.frames.length) throw new NoFilm("not whole");
  } catch {
    return playground.complain(playground.data.texts.noFilm);
  }
  playground.stages[0].stop();
  playground.stages[0].take(film);
  playground.player.grown(playground.stages[0]);
}

/** The pictures of the first film side by side, painted by `paint` on a pen of their size. @param {Playground} playground @param {number} ratio */
function frameOnCanvas(playground, ratio) {
  const stage = playground.stages[0];
  const pictures = Object.values(stage.pictures).filter((picture) => picture.plot.clientWidth);
  const side = pictures[0].plot.clientWidth;
  const canvas = document.createElement("canvas");
  const [gap, head, foot] = [16, 28, 30];
  canvas.width = (pictures.length * (side + gap) + gap) * ratio;
  canvas.height = (head + side + foot) * ratio;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(ratio, ratio);
  const colours = stage.paint();
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const t = playground.player.time(stage);
  pictures.forEach((picture, index) => {
    const left = gap + index * (side + gap);
    pen.fillStyle = colours.ink;
    pen.font = "600 14px sans-serif";
    pen.fillText(/** @type {any} */ (picture.figure.querySelector("figcaption")).textContent, left, 20);
    pen.save();
    pen.translate(left, head);
    pen.beginPath();
    pen.rect(0, 0, side, side);
    pen.clip();
    picture.paintOn(pen, t, ratio);
    pen.restore();
    pen.strokeStyle = colours.line;
    pen.strokeRect(left, head, side, side);
  });
  pen.fillStyle = colours.ink;
  pen.font = "13px sans-serif";
  pen.fillText(stage.figure.querySelector(".numbers").textContent, gap, head + side + 20);
  return canvas;
}

/** @param {Playground} playground */
function savePng(playground) {
  frameOnCanvas(playground, 2).toBlob((blob) => blob && download(blob, `${playground.data.file}.png`));
}

/** Points as shapes and fields as pictures, so that a slide can be edited. @param {Playground} playground */
function saveSvg(playground) {
  const stage = playground.stages[0];
  const film = /** @type {FilmReader} */ (stage.film);
  const { label, told } = /** @type {Header} */ (film.header);
  const colours = stage.paint();
  const t = playground.player.time(stage);
  const frame = film.frames[Math.floor(t + 1e-6)];
  const side = 480;
  const escape = (/** @type {string} */ text) => text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const parts = Object.values(stage.pictures).filter((picture) => picture.plot.clientWidth).map((picture, index) => {
    const box = picture.box(t);
    const unit = side / (box[2] - box[0]);
    const places = picture.placesAt(t);
    const [cells, cellSide] = picture.name === "given" ? [frame.field, SIDE] : [frame.featureField, SMALL_SIDE];
    const shapes = [...label].map((one, i) => {
      const [px, py] = [((places[2 * i] - box[0]) * unit).toFixed(1), ((box[3] - places[2 * i + 1]) * unit).toFixed(1)];
      const hue = i < told.source_count ? colours.source : colours.target;
      const fill = one % 3 === 0 ? hue : "white";
      const size = i < told.source_count && frame.weights ? 4 * Math.min(4, Math.max(0.3, Math.sqrt(frame.weights[i]))) : 4;
      return i < told.source_count
        ? `<circle cx="${px}" cy="${py}" r="${size.toFixed(1)}" fill="${fill}" stroke="${hue}" stroke-width="1.5"/>`
        : `<rect x="-3.6" y="-3.6" width="7.2" height="7.2" transform="translate(${px} ${py}) rotate(45)" fill="${fill}" stroke="${hue}" stroke-width="1.5"/>`;
    });
    const title = escape(/** @type {any} */ (picture.figure.querySelector("figcaption")).textContent);
    return `<g transform="translate(${16 + index * (side + 16)} 32)"><text y="-8" font-family="sans-serif" font-size="15">${title}</text>` +
      `<svg width="${side}" height="${side}"><image width="${side}" height="${side}" href="${stage.fieldOf(cells, cellSide).toDataURL()}"/>${shapes.join("")}</svg>` +
      `<rect width="${side}" height="${side}" fill="none" stroke="#999"/></g>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${parts.length * (side + 16) + 16}" height="${side + 48}">${parts.join("")}</svg>`;
  download(new Blob([svg], { type: "image/svg+xml" }), `${playground.data.file}.svg`);
}

/** The film as a moving picture, drawn by the server. @param {Playground} playground */
async function saveAnimation(playground) {
  const { texts } = playground.data;
  const button = playground.find(".save-webp");
  button.disabled = true;
  try {
    const response = await fetch(`${playground.stages[0].address}&as=webp&lang=${document.documentElement.lang || "en"}`);
    if (response.ok) download(await response.blob(), `${playground.data.file}.webp`);
    else playground.complain(await response.text());
  } catch {
    playground.complain(texts.broken);
  }
  button.disabled = false;
}

/** Small multiples of last frames over one setting, and the accuracies beneath. @param {Playground} playground */
async function sweep(playground) {
  const { sweep: asked, texts, route } = playground.data;
  const box = playground.find(".sweep");
  box.hidden = !asked;
  const key = JSON.stringify([asked, playground.data.params]);
  if (!asked || box.dataset.key === key) return;
  box.dataset.key = key;
  playground.swept?.abort();
  const wish = (playground.swept = new AbortController());
  const [list, line] = [box.querySelector(".multiples"), box.querySelector(".sweep-line")];
  list.replaceChildren();
  line.textContent = filled(texts.sweeping, { setting: asked.title });
  const reached = [];
  for (const { value, query } of asked.films) {
    const film = new FilmReader();
    const address = new URLSearchParams(query);
    for (const [name, one] of Object.entries(playground.data.params)) address.set(`data.${name}`, String(one));
    try {
      const response = await fetch(`${route}?${address}`, { signal: wish.signal });
      await film.read(new Uint8Array(await response.arrayBuffer()));
    } catch {
      return;
    }
    const frame = film.frames[film.frames.length - 1];
    if (wish.signal.aborted) return;
    if (!frame) continue;
    reached.push({ value, target: frame.numbers.target ?? 0 });
    list.append(multiple(playground, film, frame, `${asked.symbol || asked.title} = ${value}`));
    curveOf(playground, box.querySelector(".sweep-curve"), reached, asked.films.length);
  }
  line.textContent = filled(texts.swept, { setting: asked.title });
}

/** @param {Playground} playground @param {FilmReader} film @param {Frame} frame @param {string} title */
function multiple(playground, film, frame, title) {
  const stage = playground.stages[0];
  const figure = document.createElement("figure");
  const [canvas, caption] = [document.createElement("canvas"), document.createElement("figcaption")];
  canvas.width = canvas.height = 240;
  const header = /** @type {Header} */ (film.header);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const box = header.told.box;
  const unit = 240 / (box[2] - box[0]);
  pen.drawImage(stage.fieldOf(frame.field, SIDE), 0, 0, 240, 240);
  const colours = stage.paint();
  for (let i = 0; i < header.label.length; i++) {
    const sprite = spriteOf(colours, i < header.told.source_count, header.label[i], frame.predicted[i] !== header.label[i], 1);
    pen.drawImage(sprite.canvas, (header.given[2 * i] - box[0]) * unit - 5, (box[3] - header.given[2 * i + 1]) * unit - 5, 10, 10);
  }
  caption.textContent = `${title} · ${filled(playground.data.texts.targetRight, { share: percents(frame.numbers.target ?? 0) })}`;
  figure.append(canvas, caption);
  return figure;
}

/** @param {Playground} playground @param {SVGElement} svg @param {{value: number, target: number}[]} reached @param {number} count */
function curveOf(playground, svg, reached, count) {
  const at = (/** @type {number} */ i) => 20 + (i * 560) / Math.max(1, count - 1);
  const y = (/** @type {number} */ share) => 92 - share * 84;
  const name = "http://www.w3.org/2000/svg";
  const line = document.createElementNS(name, "polyline");
  line.setAttribute("points", reached.map(({ target }, i) => `${at(i)},${y(target)}`).join(" "));
  line.setAttribute("stroke", playground.data.colours.target);
  line.setAttribute("fill", "none");
  line.setAttribute("stroke-width", "2");
  const texts = reached.map(({ value }, i) => {
    const text = document.createElementNS(name, "text");
    text.setAttribute("x", String(at(i)));
    text.setAttribute("y", "112");
    text.setAttribute("text-anchor", "middle");
    text.textContent = String(value);
    return text;
  });
  svg.replaceChildren(line, ...texts);
}
