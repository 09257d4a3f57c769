// A pen that writes down as SVG what a picture paints with a canvas's pen; it knows what `film_picture.js` needs.

export class SvgPen {
  constructor() {
    /** @type {string[]} */
    this.parts = [];
    this.path = "";
    /** @type {number[]} groups since each `save` */
    this.open = [];
    this.fillStyle = this.strokeStyle = "black";
    this.font = "13px sans-serif";
    this.lineWidth = this.globalAlpha = 1;
    this.dash = "";
    this.imageSmoothingEnabled = true;
  }

  beginPath() {
    this.path = "";
  }

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.path += `M${short(x)} ${short(y)}`;
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.path += `L${short(x)} ${short(y)}`;
  }

  closePath() {
    this.path += "Z";
  }

  /** A whole circle. @param {number} x @param {number} y @param {number} r */
  arc(x, y, r) {
    const turn = `a${short(r)} ${short(r)} 0 0 1`;
    this.path += `M${short(x - r)} ${short(y)}${turn}${short(2 * r)} 0${turn}${short(-2 * r)} 0Z`;
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  rect(x, y, width, height) {
    this.path += `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`;
  }

  /** @param {number[]} dash */
  setLineDash(dash) {
    this.dash = dash.join(" ");
  }

  stroke() {
    const dash = this.dash && ` stroke-dasharray="${this.dash}"`;
    if (this.path) this.shape(`fill="none" stroke="${escaped(this.strokeStyle)}" stroke-width="${short(this.lineWidth)}"${dash}`);
  }

  fill() {
    this.shape(`fill="${escaped(this.fillStyle)}"`);
  }

  /** @param {string} look */
  shape(look) {
    this.parts.push(`<path d="${this.path}" ${look}${this.alpha()}/>`);
  }

  alpha() {
    return this.globalAlpha < 1 ? ` opacity="${short(this.globalAlpha)}"` : "";
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  fillRect(x, y, width, height) {
    this.beginPath();
    this.rect(x, y, width, height);
    this.fill();
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  strokeRect(x, y, width, height) {
    this.beginPath();
    this.rect(x, y, width, height);
    this.stroke();
  }

  /** @param {string} text @param {number} x @param {number} y */
  fillText(text, x, y) {
    const style = `font:${this.font};white-space:pre`;
    this.parts.push(`<text x="${short(x)}" y="${short(y)}" style="${style}" fill="${escaped(this.fillStyle)}">${escaped(text)}</text>`);
  }

  /** @param {HTMLCanvasElement} canvas @param {number} x @param {number} y @param {number} width @param {number} height */
  drawImage(canvas, x, y, width, height) {
    const where = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
    this.parts.push(`<image ${where} preserveAspectRatio="none" href="${canvas.toDataURL()}"${this.alpha()}/>`);
  }

  save() {
    this.open.push(0);
  }

  /** Begin a group, which `restore` ends. @param {string} look */
  group(look) {
    this.open[this.open.length - 1] += 1;
    this.parts.push(`<g ${look}>`);
  }

  /** @param {number} x @param {number} y */
  translate(x, y) {
    this.group(`transform="translate(${short(x)} ${short(y)})"`);
  }

  /** @param {number} factor */
  scale(factor) {
    this.group(`transform="scale(${short(factor)})"`);
  }

  clip() {
    const name = `cut${this.parts.length}`;
    this.parts.push(`<clipPath id="${name}"><path d="${this.path}"/></clipPath>`);
    this.group(`clip-path="url(#${name})"`);
  }

  restore() {
    this.parts.push("</g>".repeat(this.open.pop() ?? 0));
  }

  /** @param {number} width @param {number} height */
  written(width, height) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${short(width)}" height="${short(height)}">${this.parts.join("")}</svg>`;
  }
}

/** @param {number} value */
function short(value) {
  return String(Math.round(value * 100) / 100);
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
