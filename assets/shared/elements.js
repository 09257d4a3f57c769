// Elements, texts and files that the scripts of all screens make. Text reaches the page as text only, never as markup.

/**
 * Make an element. `on…` in its properties are listeners, all others attributes.
 * @param {string} tag @param {Record<string, any>} [properties] @param {(Node | string | number | null | undefined)[]} [children]
 * @returns {any}
 */
export function make(tag, properties = {}, children = []) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined).map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

/** Make an element of an SVG. @param {string} tag @param {Record<string, any>} attributes @param {(Node | string)[]} children @returns {any} */
export function makeSvg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** The pen of a square canvas of its own. @param {number} side */
export function penOf(side) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/** A canvas of this many CSS pixels, cleared, in the screen's own pixels: its pen. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
export function fitted(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down];
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

/** The rows of a table: its head, then rows that begin with their names. @param {any[]} heads @param {any[][]} rows @returns {HTMLElement[]} */
export function tableRows(heads, rows) {
  const body = rows.map(([name, ...cells]) => make("tr", {}, [make("th", { scope: "row" }, [name]), ...cells.map((cell) => make("td", {}, [cell]))]));
  return [make("tr", {}, heads.map((title) => make("th", { scope: "col" }, [title]))), ...body];
}

/** Stroke a straight line. @param {CanvasRenderingContext2D} pen @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
export function strokeLine(pen, x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

/** Numbers on their way to others. @param {ArrayLike<number>} from @param {ArrayLike<number>} to @param {number} part */
export function between(from, to, part) {
  const mixed = new Float32Array(to.length);
  for (let i = 0; i < to.length; i++) mixed[i] = from[i] + (to[i] - from[i]) * part;
  return mixed;
}

/** @param {string} hex as #aabbcc */
export function rgb(hex) {
  return [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
}

/** Write a text where it differs: to write it again would have it spoken again. @param {Node} node @param {string} text */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Fill a sentence's fields; a Chinese one has no space between two of its signs. @param {string} sentence @param {Record<string, any>} values */
export function filled(sentence, values) {
  const text = sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  return text.replace(/(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef“])/g, "");
}

/** @param {number} share */
export function percent(share, digits = 0) {
  return `${(100 * share).toFixed(digits)}%`;
}

/** Have the browser keep a file. @param {Blob | string} content a data URL, or bytes @param {string} name */
export function download(content, name) {
  const href = typeof content === "string" ? content : URL.createObjectURL(content);
  make("a", { download: name, href }).click();
  if (href !== content) setTimeout(() => URL.revokeObjectURL(href), 1000);
}
