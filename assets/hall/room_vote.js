// A question, a prediction or a line to sketch: the answer of whoever holds the screen, and what the room has answered.

import { make, makeSvg, percent, tableRows, write } from "../shared/elements.js";
import { Sketch } from "../sketch/sketch.js";
import { given, said, send, tell } from "./room_parts.js";

export class VoteView {
  constructor() {
    this.root = make("section", { class: "vote" });
    this.key = "";
  }

  forget() {
    this.key = "";
    this.root.replaceChildren();
  }

  /** @param {any} slide @param {number} place @param {any} ballot */
  show(slide, place, ballot) {
    const key = JSON.stringify([place, ballot]);
    if (key === this.key) return;
    this.key = key;
    if (recalled(place, ballot) === undefined) tell(""); // what was sent was for an earlier vote
    const twin = ballot?.twin === "asked" ? make("p", { class: "vote-state" }, [said("twinAsked")]) : "";
    const text = make("p", { class: "asked" }, [(slide.question ?? slide.prediction)?.text ?? slide.sketch.texts.what]);
    // on the projector the shares say it, and all is to fit
    const state = given.role === "stage" && ballot?.rounds ? "" : make("p", { class: "vote-state" }, [this.state(slide, ballot)]);
    const body = slide.question ? this.choices(slide.question, place, ballot)
      : slide.prediction ? this.guess(slide.prediction, place, ballot) : this.sketch(slide.sketch, place, ballot);
    this.root.replaceChildren(twin, text, ...[body].flat(), state);
    if (given.role === "stage") this.root.append((this.counted = make("p", { class: "counted", "aria-live": "polite" })));
  }

  /** @param {any} slide @param {any} ballot */
  state(slide, ballot) {
    if (!ballot) return said("voteSoon");
    if (!ballot.open) return said("voteClosed");
    return said(slide.question ? "voteOpen" : slide.prediction ? "guessOpen" : "sketchOpen");
  }

  /** @param {any} question @param {number} place @param {any} ballot */
  choices(question, place, ballot) {
    const mine = recalled(place, ballot);
    return make("ol", { class: "choices" }, question.choices.map((/** @type {string} */ text, /** @type {number} */ index) => {
      const right = ballot?.right === index;
      const button = make("button", {
        type: "button", disabled: given.role !== "follow" || !ballot?.open, "aria-pressed": String(mine === index),
        onclick: () => this.choose(place, ballot, index),
      }, [make("span", { class: "letter", "aria-hidden": "true" }, ["ABCDEF"[index]]), make("span", {}, [text])]);
      const why = ballot?.why?.[index];
      return make("li", { class: right ? "right" : "" }, [
        button,
        right ? make("b", { class: "mark" }, [`✓ ${said("rightAnswer")}`]) : null,
        ballot?.rounds ? bars(ballot.rounds, index) : null,
        why ? make("p", { class: "why" }, [why]) : null,
      ]);
    }));

    /** @param {any[]} rounds @param {number} index */
    function bars(rounds, index) {
      return make("div", { class: "shares" }, rounds.map((round) => {
        const share = round.total ? round.counts[index] / round.total : 0;
        const bar = make("i", { class: `bar round-${round.round}` });
        bar.style.inlineSize = `${Math.max(0.5, 60 * share)}%`;
        return make("div", { class: "share" }, [bar, make("span", {}, [`${percent(share)} (${round.counts[index]}) · ${roundName(round)}`])]);
      }));
    }
  }

  /** @param {any} prediction @param {number} place @param {any} ballot */
  guess(prediction, place, ballot) {
    const { low, high, unit } = prediction;
    const parts = [];
    if (given.role === "follow" && ballot?.open) {
      const mine = recalled(place, ballot) ?? (low + high) / 2;
      const output = make("output", {}, [withUnit(mine, unit)]);
      const slider = make("input", {
        type: "range", min: low, max: high, step: (high - low) / 100, value: mine, "aria-label": prediction.text,
        oninput: () => (output.textContent = withUnit(slider.value, unit)),
      });
      parts.push(slider, output, make("button", { type: "button", class: "main", onclick: () => this.choose(place, ballot, Number(slider.value)) }, [said("send")]));
    }
    if (ballot?.rounds) parts.push(...ballot.rounds.map((/** @type {any} */ round) => histogram(prediction, ballot, round)));
    if (ballot?.answer !== undefined) parts.push(make("p", { class: "answer" }, [said("itIs", { value: withUnit(ballot.answer, unit) })]));
    return make("div", { class: "guess" }, parts);
  }

  /** @param {any} sketch @param {number} place @param {any} ballot */
  sketch(sketch, place, ballot) {
    const mine = recalled(place, ballot);
    if (given.role === "follow" && ballot?.open) {
      const texts = { ...sketch.texts, commit: said("send") };
      return sketched({ ...sketch, texts, given: mine, editable: true }, (line) => this.choose(place, ballot, line));
    }
    const came = { points: ballot?.points ?? sketch.points, outcome: ballot?.outcome };
    if (!ballot?.rounds) return sketched({ ...sketch, ...came, given: mine });
    const figures = ballot.rounds.map((/** @type {any} */ round, /** @type {number} */ at) => {
      const own = at === ballot.rounds.length - 1 ? mine : undefined;
      const name = `${roundName(round)} · ${said("answers", { count: round.total })}`;
      return make("figure", {}, [
        sketched({ ...sketch, ...came, given: own, others: round.lines, middle: round.middle }),
        make("figcaption", {}, [name]),
        heights(sketch, round.middle, ballot.outcome),
      ]);
    });
    return [make("div", { class: "guess" }, figures), ...(ballot.came ? [make("p", { class: "answer came" }, [ballot.came])] : [])];
  }

  /** @param {number} place @param {any} ballot @param {number | number[]} answer */
  async choose(place, ballot, answer) {
    if (!(await send("vote", { slide: place, round: ballot.round, answer }))) return;
    sessionStorage.setItem(nameOfVote(place, ballot), JSON.stringify(answer));
    [...this.root.querySelectorAll(".choices button")].forEach((button, index) => button.setAttribute("aria-pressed", String(index === answer)));
    tell(said("sent"));
  }

  /** How many have answered, for the projector. @param {string} line */
  count(line) {
    if (this.counted) write(this.counted, line);
  }
}

/** @param {any} round of a vote */
function roundName({ round }) {
  return round === 1 ? said("vote1") : said("vote2", { round });
}

/** @param {number | string} value @param {string} unit */
function withUnit(value, unit) {
  return unit === "%" ? `${value}%` : `${value} ${unit}`;
}

/** @param {number} place @param {any} ballot */
function nameOfVote(place, ballot) {
  return `${given.id}.${place}.${ballot.round}`;
}

/** What this browser has answered in this vote. @param {number} place @param {any} ballot */
function recalled(place, ballot) {
  const kept = ballot && sessionStorage.getItem(nameOfVote(place, ballot));
  return kept === null || kept === undefined ? undefined : JSON.parse(kept);
}

/** Draw a sketch, its styles shut in with it. @param {any} data @param {(line: number[]) => void} [commit] */
function sketched(data, commit = () => {}) {
  const host = make("div", { class: "sketched" });
  const shadow = host.attachShadow({ mode: "open" });
  const source = /** @type {HTMLTemplateElement} */ (document.getElementById("sketch"));
  shadow.append(source.content.cloneNode(true));
  new Sketch(shadow.querySelector(".sketch")).show({ editable: false, ...data }, commit);
  return host;
}

/** The middle of the lines, and what came out, as a table. @param {any} sketch @param {number[] | null} middle @param {number[]} [outcome] */
function heights(sketch, middle, outcome) {
  if (!middle) return null;
  const number = new Intl.NumberFormat(given.language, { maximumFractionDigits: 1 });
  const columns = /** @type {[string, number[]][]} */ ([[sketch.texts.middle, middle], ...(outcome ? [[sketch.texts.outcome, outcome]] : [])]);
  const heads = [sketch.texts.across, ...columns.map(([name]) => name)];
  const rows = sketch.knots.map((/** @type {number} */ x, /** @type {number} */ at) => [number.format(x), ...columns.map(([, line]) => number.format(line[at]) + sketch.unit)]);
  return make("details", { class: "table" }, [make("summary", {}, [said("table")]), make("table", {}, tableRows(heads, rows))]);
}

/** The guesses of one round as bars, and where the number lies. @param {any} prediction @param {any} ballot @param {any} round */
function histogram(prediction, ballot, round) {
  const { low, high, unit } = prediction;
  const width = 600, height = 150, most = Math.max(1, ...round.counts);
  const name = `${said("answers", { count: round.total })}${round.middle === null ? "" : ` · ${said("middle", { value: withUnit(round.middle, unit) })}`}`;
  const picture = makeSvg("svg", { viewBox: `0 0 ${width} ${height + 34}`, role: "img", "aria-label": name, class: `histogram round-${round.round}` });
  const step = width / round.counts.length;
  round.counts.forEach((/** @type {number} */ count, /** @type {number} */ place) => {
    const tall = (height * count) / most;
    picture.append(makeSvg("rect", { x: place * step + 2, y: height - tall, width: step - 4, height: tall, class: "bar" }));
    if (count) picture.append(makeSvg("text", { x: (place + 0.5) * step, y: height - tall + 18, class: "inside", "text-anchor": "middle" }, String(count)));
  });
  picture.append(makeSvg("line", { x1: 0, x2: width, y1: height, y2: height, class: "axis" }));
  for (const end of [low, (low + high) / 2, high]) {
    const anchor = end === low ? "start" : end === high ? "end" : "middle";
    picture.append(makeSvg("text", { x: ((end - low) / (high - low)) * width, y: height + 24, "text-anchor": anchor }, withUnit(end, unit)));
  }
  if (ballot.answer !== undefined) {
    const x = ((ballot.answer - low) / (high - low)) * width;
    picture.append(makeSvg("line", { x1: x, x2: x, y1: 0, y2: height, class: "truth" }));
  }
  return make("figure", {}, [picture, make("figcaption", {}, [name])]);
}
