// @ts-check
// Films and pictures to keep, and a film that is opened.

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
