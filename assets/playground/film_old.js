// Films that visitors have saved with versions up to 1.0, in a format of its own: deflated records, each of JSON and of
// arrays of bytes, frames as differences from the one before.

import { Film, MOST_LINE, NoFilm, SIDE, SMALL_SIDE, inflated } from "./film_file.js";

const MAGIC = "DALFILM1";

/** @param {Uint8Array} bytes */
export function isOld(bytes) {
  return String.fromCharCode(...bytes.slice(0, MAGIC.length)) === MAGIC;
}

/** @param {Uint8Array} bytes */
export async function oldFilm(bytes) {
  const film = new Film();
  for await (const line of linesOf(bytes)) film.add(line);
  film.parts = [bytes];
  film.whole = true;
  return film;
}

/** The lines that the film has today. @param {Uint8Array} bytes */
async function* linesOf(bytes) {
  /** @type {any} */
  let header = null;
  /** @type {Record<string, any>} arrays of the frame before */
  let kept = {};
  for (let at = MAGIC.length; at + 4 <= bytes.length; ) {
    const end = at + 4 + new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
    const { head, take, planes } = await record(bytes.slice(at + 4, end));
    at = end;
    if (head.end) return;
    if (!header) {
      const { count } = head;
      header = { ...head, given: Float64Array.from(planes(2 * count), (value) => value / 512), label: new Int8Array(take(count)) };
      take(count); // whether a sample is held out, which nothing shows
      header.forced = Int16Array.from(planes(head.forced));
      header.ratio = head.ratio ? logarithms(take(SMALL_SIDE ** 2)) : undefined;
      kept = { places: new Float64Array(2 * count) };
      yield header;
      continue;
    }
    const next = (/** @type {string} */ name, /** @type {number} */ count) =>
      (kept[name] = take(count).map((change, i) => change + (kept[name]?.[i] ?? 0)));
    const { exponent, force, ...frame } = head;
    const { label, source_count, forced } = header;
    frame.field = next("field", SIDE ** 2);
    frame.feature_field = next("feature_field", SMALL_SIDE ** 2);
    frame.predicted = next("predicted", label.length);
    const [unit, moves] = [2 ** exponent, planes(2 * label.length)];
    frame.places = kept.places = kept.places.map((/** @type {number} */ place, /** @type {number} */ i) => (Math.floor(place / unit + 0.5) + moves[i]) * unit);
    if (frame.domain) frame.domain = next("domain", SMALL_SIDE ** 2);
    if (frame.weights) frame.weights = logarithms(next("weights", source_count));
    if (frame.threads) {
      const [from, to] = [planes(frame.threads), planes(frame.threads)];
      frame.masses = Float64Array.from(take(from.length), (mass) => mass / 255);
      frame.threads = Int16Array.from(from.flatMap((row, i) => [row, to[i]]));
    }
    if (force !== undefined) frame.forces = Float64Array.from(new Int8Array(take(4 * forced.length)));
    if (frame.lines) frame.lines = Float32Array.from(frame.lines.flat());
    yield frame;
  }
  throw new NoFilm("cut off");
}

/** A record's JSON, and its arrays one after another. @param {Uint8Array<ArrayBuffer>} deflated */
async function record(deflated) {
  const parts = [];
  for await (const part of inflated(new Blob([deflated]).stream(), "deflate")) {
    parts.push(...part);
    if (parts.length > MOST_LINE) throw new NoFilm("a record is too large");
  }
  const bytes = Uint8Array.from(parts);
  let at = 4 + new DataView(bytes.buffer).getUint32(0);
  const take = (/** @type {number} */ count) => {
    if (!(count >= 0) || at + count > bytes.length) throw new NoFilm("cut off");
    return bytes.slice(at, (at += count));
  };
  /** Whole numbers of 16 bits, all low bytes first. @param {number} count */
  const planes = (count) => {
    const [low, high] = [take(count), new Int8Array(take(count))];
    return Array.from(low, (value, i) => value + 256 * high[i]);
  };
  return { head: JSON.parse(new TextDecoder().decode(bytes.slice(4, at))), take, planes };
}

/** Weights on a scale of logarithms; 0 stays 0. @param {Uint8Array} steps */
function logarithms(steps) {
  return Float64Array.from(steps, (step) => (step ? 2 ** ((step - 128) / 15.75) : 0));
}
