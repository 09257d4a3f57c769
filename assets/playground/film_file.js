// Films as `da_core/teaching/films/film_file.py` writes them: gzipped JSON lines, read one by one while they come.

import { unpacked } from "../shared/packed_arrays.js";
/** @import { Act } from "./film_acts.js" */

export const [SIDE, SMALL_SIDE] = [64, 32];
export const MOST_FILM_BYTES = 4 * 2 ** 20;
export const MOST_LINE = 2 ** 19; // characters, or bytes of an old film's record
const MOST_FRAMES = 240;
const PIECE = 2 ** 14;
const PACKED = ["given", "label", "forced", "ratio", "field", "feature_field", "places", "predicted", "domain", "weights", "threads", "masses", "forces", "lines"];

/**
 * @typedef {{direction: string, kind: string, classes: string[], source_count: number, box: number[], given: Float64Array,
 *   label: Int8Array, forced: Int16Array, ratio?: Float64Array}} Header
 * @typedef {{phase: string, step: number, steps: number, moved: string[], numbers: Record<string, number>,
 *   feature_box: number[], dimensions: number, field: Uint8Array, feature_field: Uint8Array, predicted: Uint8Array,
 *   places: Float64Array, domain?: Uint8Array, weights?: Float64Array, threads?: Int16Array, masses?: Float64Array,
 *   forces?: Float64Array, lines?: Float32Array}} Frame
 */

export class NoFilm extends Error {}

/** A film that grows as its lines come. */
export class Film {
  constructor() {
    /** @type {Header | null} */
    this.header = null;
    /** @type {Frame[]} */
    this.frames = [];
    this.whole = false;
    this.problem = "";
    /** @type {Uint8Array[]} all that came, to be saved */
    this.parts = [];
    /** @type {Act[] | undefined} */
    this.acts = undefined;
  }

  /** Read a film to its end. @param {ReadableStream<Uint8Array> | null} stream */
  static async from(stream) {
    const film = new Film();
    for await (const _ of film.read(stream));
    return film;
  }

  /** Read a film, and yield whenever there is more of it. @param {ReadableStream<Uint8Array> | null} stream */
  async *read(stream) {
    let size = 0;
    const kept = new TransformStream({
      transform: (bytes, rest) => {
        this.parts.push(bytes);
        size += bytes.length;
        if (size > MOST_FILM_BYTES) throw new NoFilm("too large");
        rest.enqueue(bytes);
      },
    });
    const decoder = new TextDecoder();
    let line = "";
    if (!stream) throw new NoFilm("nothing");
    for await (const bytes of inflated(stream.pipeThrough(kept), "gzip")) {
      const lines = (line + decoder.decode(bytes, { stream: true })).split("\n");
      line = lines.pop() ?? "";
      if (line.length > MOST_LINE) throw new NoFilm("a line is too long");
      for (const text of lines) this.add(JSON.parse(text));
      if (lines.length) yield;
    }
    if (!this.header && !this.problem) throw new NoFilm("empty");
    this.whole = !this.problem;
  }

  /** Add a line: the header, a frame, or why there are no more. @param {any} line */
  add(line) {
    for (const name of PACKED) if (typeof line[name] === "string") line[name] = unpacked(line[name]);
    if (line.problem) this.problem = String(line.problem[document.documentElement.lang] ?? line.problem.en);
    else if (!this.header) {
      const { source_count, classes, label } = line;
      if (!(source_count > 0 && source_count < label.length && label.length <= 6000 && classes.length <= 14)) throw new NoFilm("impossible");
      this.header = line;
    } else {
      if (this.frames.length >= MOST_FRAMES || line.places.length !== 2 * this.header.label.length) throw new NoFilm("impossible");
      this.frames.push(line);
    }
  }
}

/** Inflate in small pieces, so that one can give up on what has no end. @param {ReadableStream<Uint8Array>} stream @param {CompressionFormat} format */
export async function* inflated(stream, format) {
  const split = new TransformStream({
    transform: (bytes, pieces) => {
      for (let at = 0; at < bytes.length; at += PIECE) pieces.enqueue(bytes.subarray(at, at + PIECE));
    },
  });
  const reader = stream.pipeThrough(split).pipeThrough(new DecompressionStream(format)).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
