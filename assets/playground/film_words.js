// One sentence on what has just happened, from a frame's numbers; the sentences come translated.

import { filled, percent } from "../shared/elements.js";
import { aloneAt, settingAt } from "./film_acts.js";
/** @import { Film, Frame } from "./film_file.js" */

/** How long features are on average, in each domain. @param {Frame} frame */
export function lengths({ numbers }) {
  return { source: numbers.sourceNorm.toFixed(1), target: numbers.targetNorm.toFixed(1) };
}

/** @param {Film} film @param {number} at @param {any} texts */
export function sentenceOf(film, at, texts) {
  const { frames, whole, header } = film;
  const { sentences } = texts;
  const frame = frames[at];
  const before = frames[at - 1];
  const values = {
    source: percent(frame.numbers.source ?? 0),
    target: percent(frame.numbers.target ?? 0),
    domain: percent(frame.numbers.domain ?? 0),
    distance: (frame.numbers.distance ?? 0).toFixed(2),
    effective: Math.round(frame.numbers.effective ?? 0),
    count: header?.source_count ?? 0,
    step: frame.step,
    share: percent(frame.numbers.slide ?? 1),
    method: texts.method,
  };
  const last = whole && at === frames.length - 1 && at > 0;
  const rest = frame.phase === "source_only" ? "learns" : "ends";
  const name = (last ? "" : directedName(film, at)) || nameOf(frame, before, last, header?.kind);
  return filled(sentences[name] ?? sentences[rest], values);
}

/** What is so because a hand wished it: a player moves alone, or the method has no weight. @param {Film} film @param {number} at */
function directedName(film, at) {
  const { moved, numbers } = film.frames[at];
  const alone = moved.length && numbers.domain !== undefined ? aloneAt(film, at) : "";
  if (alone) return `${alone}Alone`;
  return settingAt(film, at, "weight", 1) === 0 ? "weightless" : "";
}

/** @param {Frame} frame @param {Frame | undefined} before @param {boolean} last @param {string | undefined} kind */
export function nameOf(frame, before, last, kind) {
  if (frame.moved.includes("map")) return "mapped";
  if (frame.moved.includes("weights")) return "weighted";
  if (kind === "classifier adaptation") return frame.phase === "source_only" ? "given" : "reclassified";
  const fixed = kind === "feature alignment" || kind === "reweighting";
  if (fixed) return frame.phase === "source_only" ? "given" : kind === "reweighting" ? "refittedWeighted" : "refitted";
  if (!frame.moved.length && !last) return frame.phase === "source_only" ? "untrained" : "begins";
  if (last || !frame.moved.length) return "ends";
  if (frame.phase === "source_only") return "learns";
  if (frame.phase === "oracle") return "oracle";
  if ((frame.numbers.slide ?? 1) < 1) return "slides";
  const critic = frame.moved.includes("own") && !frame.moved.includes("extractor");
  if (critic) return (frame.numbers.domain ?? 1) > 0.6 ? "criticSees" : "criticFooled";
  if (!frame.moved.includes("own") && frame.numbers.domain !== undefined) return "featuresFlee";
  if (frame.numbers.domain !== undefined) return "bothMove";
  if (kind === "model adaptation") return "adapts";
  return (frame.numbers.distance ?? 0) < (before?.numbers.distance ?? 0) ? "closer" : "together";
}
