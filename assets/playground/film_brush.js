// Points of one's own: brush and eraser, and the short form in which the link has them.

/** @import { Header } from "./film_file.js" */

const OWN_REACH = 8;
const OWN_STEPS = 4095;
const MOST_OWN = 2000;

/** The own points with one more. @param {any} params @param {[number, number]} place @param {string} tool @returns {any} settings that change */
export function brushed(params, place, tool) {
  const own = decodeOwn(params.points);
  if (own[0].length + own[1].length >= MOST_OWN) return {};
  own[tool.startsWith("target") ? 1 : 0].push([...place, Number(tool.slice(-1))]);
  return { points: encodeOwn(own) };
}

/** The points without those near a place. @param {any} params @param {Header} header @param {[number, number]} place @param {number} reach @returns {any} settings that change */
export function erased(params, header, place, reach) {
  const away = (/** @type {number[]} */ point) => Math.hypot(point[0] - place[0], point[1] - place[1]) > reach;
  let own = decodeOwn(params.points);
  let settings = {};
  if (params.shape !== "none") {
    const { given, label, source_count } = header;
    if ([...label].every((_, i) => away([given[2 * i], given[2 * i + 1]]))) return {};
    // who takes a drawn point away has all points in hand from now on
    own = [[], []];
    label.forEach((one, i) => own[i < source_count ? 0 : 1].push([given[2 * i], given[2 * i + 1], one]));
    settings = { shape: "none", turn: 0, stretch: 1, right: 0, up: 0, class_moves: "", selection: 0, concept: 0 };
  }
  return { ...settings, points: encodeOwn(own.map((points) => points.filter(away))) };
}

/** Own points, as `da_core/data/sources/drawn_points.py` writes them. @param {string} text @returns {number[][][]} */
export function decodeOwn(text) {
  /** @type {number[][][]} */
  const own = [[], []];
  if (!text) return own;
  try {
    const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
    let at = 0;
    for (const points of own) {
      for (let label = 0; label < 3; label++) {
        const count = bytes[at] * 256 + bytes[at + 1];
        at += 2;
        for (let i = 0; i < count && at + 3 <= bytes.length; i++, at += 3) {
          const [x, y] = [(bytes[at] << 4) | (bytes[at + 1] >> 4), ((bytes[at + 1] & 15) << 8) | bytes[at + 2]];
          points.push([(x / OWN_STEPS) * 2 * OWN_REACH - OWN_REACH, (y / OWN_STEPS) * 2 * OWN_REACH - OWN_REACH, label]);
        }
      }
    }
  } catch {
    return [[], []]; // the server says what is wrong with it
  }
  return own;
}

/** @param {number[][][]} own */
export function encodeOwn(own) {
  if (!own[0].length && !own[1].length) return "";
  const bytes = [];
  const step = (/** @type {number} */ value) => Math.max(0, Math.min(OWN_STEPS, Math.round(((value + OWN_REACH) / (2 * OWN_REACH)) * OWN_STEPS)));
  for (const points of own) {
    for (let label = 0; label < 3; label++) {
      const of = points.filter((point) => point[2] === label);
      bytes.push(of.length >> 8, of.length & 255);
      for (const [px, py] of of) {
        const [x, y] = [step(px), step(py)];
        bytes.push(x >> 4, ((x & 15) << 4) | (y >> 8), y & 255);
      }
    }
  }
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
