// A run that goes on while all look: where it stands, and accuracy on both domains so far.

import { make, makeSvg, percent, tableRows } from "../shared/elements.js";
import { domainKey, domainMark, given, said, send } from "./room_parts.js";

export class RunView {
  constructor() {
    this.summary = make("div");
    this.spoken = make("p", { class: "spoken", role: "status" });
    this.table = make("details", { class: "table", ontoggle: () => this.tabulate() }, [make("summary", {}, [said("table")])]);
    this.root = make("section", { class: "run" });
    /** @type {Record<string, [number, number][]>} */
    this.curves = {};
    this.forget();
  }

  forget() {
    this.key = "";
    this.root.replaceChildren();
    this.table.open = false;
    this.quarter = "";
  }

  /** @param {any} run */
  show(run) {
    const key = JSON.stringify(run);
    if (key === this.key) return;
    this.key = key;
    if (!run) {
      const start = given.role === "stage" ? make("button", { type: "button", class: "main", onclick: () => send("act", { act: "run" }) }, [said("start")]) : null;
      return this.root.replaceChildren(make("p", {}, [said("waiting")]), start ?? "");
    }
    const progress = make("progress", { max: 1, value: run.fraction, "aria-label": run.stage });
    const parts = [run.live ? make("p", { class: "where" }, [run.waits || `${run.stage} · ${percent(run.fraction)}`, progress]) : null];
    if (run.problem) parts.push(make("p", {}, [run.problem]));
    if (run.before !== undefined) {
      parts.push(make("div", { class: "numbers" }, [["before", run.before], ["after", run.after]].map(([name, share]) => make("p", {}, [
        make("b", {}, [percent(Number(share), 1)]), said(`${name}Right`),
      ]))));
    }
    const figure = courses(run.curves);
    this.summary.replaceChildren(...parts.filter((part) => part !== null), figure);
    if (this.summary.parentNode !== this.root) this.root.replaceChildren(this.summary, this.table, this.spoken);
    this.curves = run.curves;
    this.tabulate();
    const quarter = `${run.stage} ${Math.floor(4 * run.fraction)}`;
    const words = figure.querySelector("figcaption").textContent;
    if (!words || quarter === this.quarter) return;
    this.spoken.textContent = words;
    this.quarter = quarter;
  }

  /** Write the curves' numbers, a row an epoch; those of a table that is shut are not written. */
  tabulate() {
    this.table.hidden = !Object.keys(this.curves).length;
    if (!this.table.open) return;
    const rows = ["source_only", "adapt"].flatMap((phase) => {
      const target = new Map(this.curves[`${phase} target`]);
      const name = said(phase === "adapt" ? "adapting" : "before");
      return (this.curves[`${phase} source`] ?? []).map(([epoch, share]) => [`${name} ${epoch}`, percent(share, 1), target.has(epoch) ? percent(target.get(epoch) ?? 0, 1) : ""]);
    });
    this.table.querySelector("table")?.remove();
    this.table.append(make("table", {}, tableRows(["epoch", "source", "target"].map((name) => said(name)), rows)));
  }
}

/** Accuracy over epochs, source only first and then the adapting. @param {Record<string, [number, number][]>} curves */
function courses(curves) {
  const width = 640, height = 260, left = 46, bottom = 28;
  const phases = ["source_only", "adapt"].filter((phase) => curves[`${phase} source`]);
  const longest = (/** @type {string} */ phase) => Math.max(1, ...curves[`${phase} source`].map(([epoch]) => epoch));
  const total = phases.reduce((sum, phase) => sum + longest(phase), 0) || 1;
  const last = (/** @type {string} */ domain) => curves[`${phases.at(-1)} ${domain}`]?.at(-1)?.[1];
  const words = phases.length ? said("curve", { source: percent(last("source") ?? 0), target: last("target") === undefined ? "–" : percent(last("target") ?? 0) }) : "";
  const picture = makeSvg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words, class: "courses" });
  const y = (/** @type {number} */ share) => 8 + (1 - share) * (height - bottom - 8);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    picture.append(makeSvg("line", { x1: left, x2: width, y1: y(share), y2: y(share), class: "grid" }));
    picture.append(makeSvg("text", { x: left - 6, y: y(share) + 5, "text-anchor": "end" }, percent(share)));
  }
  let from = 0;
  for (const phase of phases) {
    const x = (/** @type {number} */ epoch) => left + ((from + epoch) / total) * (width - left - 8);
    picture.append(makeSvg("text", { x: x(0) + 4, y: height - 6 }, said(phase === "adapt" ? "adapting" : "before")));
    if (from) picture.append(makeSvg("line", { x1: x(0), x2: x(0), y1: 8, y2: height - bottom, class: "grid" }));
    for (const domain of ["source", "target"]) {
      const points = curves[`${phase} ${domain}`] ?? [];
      picture.append(makeSvg("polyline", { points: points.map(([epoch, share]) => `${x(epoch).toFixed(1)},${y(share).toFixed(1)}`).join(" "), class: domain }));
      const end = points.at(-1);
      if (end && phase === phases.at(-1)) picture.append(domainMark(domain, x(end[0]), y(end[1]), 5, 5, "end"));
    }
    from += longest(phase);
  }
  return make("figure", {}, [domainKey(), picture, make("figcaption", { "aria-live": "off" }, [words])]);
}
