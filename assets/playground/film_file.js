// Films as `da_core/teaching/films/film_file.py` writes them, read record by record while they come.

/** @import { Act } from "./film_acts.js" */

const MAGIC = "DALFILM1";
export const [SIDE, SMALL_SIDE] = [64, 32];
export const MOST_FILM_BYTES = 2 * 2 ** 20;
const MOST_RECORD_BYTES = 2 ** 19;
const MOST_FILM_FRAMES = 240;
const GIVEN_UNIT = 2 ** -9;

/** @typedef {{told: any, given: Float32Array, label: Int8Array, heldOut: Uint8Array, forced: Int16Array, ratio: Float32Array | null}} Header */
/**
 * @typedef {{phase: string, step: number, steps: number, moved: string[], numbers: Record<string, number>,
 *   featureBox: number[], dimensions: number, field: Uint8Array, featureField: Uint8Array, predicted: Uint8Array,
 *   places: Float64Array, domain?: Uint8Array, weights?: Float64Array, lines?: number[][],
 *   threads?: {from: Int16Array, to: Int16Array, mass: Uint8Array},
 *   forces?: {largest: number, pulls: Int8Array}}} Frame
 */

export class NoFilm extends Error {}

/** A film that grows as its bytes come. */
export class FilmReader {
  constructor() {
    /** @type {Header | null} */
    this.header = null;
    /** @type {Frame[]} */
    this.frames = [];
    this.whole = false;
    this.problem = "";
    this.bytes = new Uint8Array(0);
    /** @type {Uint8Array[]} all that came, to be saved */
    this.parts = [];
    this.began = false;
    this.size = 0;
    /** @type {Act[] | undefined} */
    this.acts = undefined;
    /** @type {Record<string, Uint8Array>} */
    this.kept = {};
    /** @type {Float64Array<ArrayBufferLike>} */
    this.places = new Float64Array(0);
  }

  /** Read more bytes; those of a record that is not all here wait. @param {Uint8Array} more */
  async read(more) {
    this.parts.push(more);
    this.size += more.length;
    if (this.size > MOST_FILM_BYTES) throw new NoFilm("too large");
    const joined = new Uint8Array(this.bytes.length + more.length);
    joined.set(this.bytes);
    joined.set(more, this.bytes.length);
    this.bytes = joined;
    if (!this.began) {
      if (this.bytes.length < MAGIC.length) return;
      if (new TextDecoder().decode(this.bytes.slice(0, MAGIC.length)) !== MAGIC) throw new NoFilm("no film");
      this.bytes = this.bytes.slice(MAGIC.length);
      this.began = true;
    }
    for (;;) {
      if (this.bytes.length < 4) return;
      const length = new DataView(this.bytes.buffer, this.bytes.byteOffset).getUint32(0);
      if (length > MOST_RECORD_BYTES) throw new NoFilm("a record is too large");
      if (this.bytes.length < 4 + length) return;
      const record = await inflated(this.bytes.slice(4, 4 + length));
      this.bytes = this.bytes.slice(4 + length);
      this.record(record);
    }
  }

  /** @param {Uint8Array} bytes */
  record(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const told = JSON.parse(new TextDecoder().decode(bytes.slice(4, 4 + length)));
    const rest = new Rest(bytes, 4 + length);
    if (told.problem) this.problem = String(told.problem);
    else if (told.end) this.whole = true;
    else if (!this.header) this.readHeader(told, rest);
    else {
      if (this.frames.length >= MOST_FILM_FRAMES) throw new NoFilm("too long");
      this.frames.push(this.readFrame(told, rest, this.header));
    }
  }

  /** @param {any} told @param {Rest} rest */
  readHeader(told, rest) {
    const { count } = told;
    if (!(told.source_count > 0 && told.source_count < count && count <= 6000 && told.classes.length <= 14)) throw new NoFilm("impossible");
    const given = Float32Array.from(rest.planes(2 * count), (value) => value * GIVEN_UNIT);
    const label = new Int8Array(rest.take(count).slice().buffer);
    const heldOut = rest.take(count);
    const forced = Int16Array.from(rest.planes(told.forced));
    const ratio = told.ratio ? Float32Array.from(fromLogs(rest.take(SMALL_SIDE ** 2))) : null;
    this.header = { told, given, label, heldOut, forced, ratio };
    this.kept = {
      field: new Uint8Array(SIDE ** 2),
      featureField: new Uint8Array(SMALL_SIDE ** 2),
      predicted: new Uint8Array(count),
      domain: new Uint8Array(SMALL_SIDE ** 2),
      weights: new Uint8Array(told.source_count),
    };
    this.places = new Float64Array(2 * count);
  }

  /** @param {string} name @param {Rest} rest */
  next(name, rest) {
    const change = rest.take(this.kept[name].length);
    this.kept[name] = this.kept[name].map((value, i) => value + change[i]);
    return this.kept[name];
  }

  /** @param {any} told @param {Rest} rest @param {Header} header @returns {Frame} */
  readFrame(told, rest, header) {
    const unit = 2 ** told.exponent;
    const [field, featureField, predicted] = ["field", "featureField", "predicted"].map((name) => this.next(name, rest));
    const moved = rest.planes(2 * header.label.length);
    const places = this.places.map((place, i) => (Math.floor(place / unit + 0.5) + moved[i]) * unit);
    this.places = places;
    /** @type {Frame} */
    const frame = {
      phase: String(told.phase), step: Number(told.step), steps: Number(told.steps), moved: told.moved.map(String),
      numbers: told.numbers, featureBox: told.feature_box.map(Number), dimensions: Number(told.dimensions),
      field, featureField, predicted, places,
    };
    if (told.domain) frame.domain = this.next("domain", rest);
    if (told.weights) frame.weights = Float64Array.from(fromLogs(this.next("weights", rest)));
    if (told.threads) {
      const [from, to] = [rest.planes(told.threads), rest.planes(told.threads)];
      frame.threads = { from: Int16Array.from(from), to: Int16Array.from(to), mass: rest.take(told.threads) };
    }
    if (told.force !== undefined) {
      frame.forces = { largest: told.force, pulls: new Int8Array(rest.take(4 * header.forced.length).slice().buffer) };
    }
    if (told.lines) frame.lines = told.lines;
    return frame;
  }
}

/** The arrays of a record, taken off one by one. */
class Rest {
  /** @param {Uint8Array} bytes @param {number} at */
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }

  /** @param {number} count */
  take(count) {
    if (!(count >= 0) || this.at + count > this.bytes.length) throw new NoFilm("cut off");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** Whole numbers of 16 bits, all low bytes first. @param {number} count */
  planes(count) {
    const [low, high] = [this.take(count), this.take(count)];
    return Array.from(low, (value, i) => value + 256 * ((high[i] << 24) >> 24));
  }
}

/** @param {Uint8Array} steps */
function fromLogs(steps) {
  return Array.from(steps, (step) => (step ? 2 ** ((step - 128) / 15.75) : 0));
}

/** @param {Uint8Array} bytes @returns {Promise<Uint8Array>} */
async function inflated(bytes) {
  try {
    const stream = new Blob([/** @type {any} */ (bytes)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const parts = [];
    let size = 0;
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > MOST_RECORD_BYTES) throw new NoFilm("a record is too large");
      parts.push(value);
    }
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  } catch {
    throw new NoFilm("cannot be inflated");
  }
}
