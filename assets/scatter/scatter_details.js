// A sample in words and as a picture: at the pointer, and below the panels, where those that a lasso has drawn around are
// counted.

import { filled, make } from "../shared/elements.js";
import { WHENS } from "./scatter.js";
import { decoded, mark } from "./scatter_marks.js";

const line = (text, kind = "") => make("span", { class: kind }, [text]);
const row = (kind, ...children) => make("div", { class: kind }, children);

// the nearest samples of the other domain in feature space, by their indices; none where they did not come
export function nearestOf(view, i, stop) {
  const { [stop]: near, k } = view.data.neighbours;
  return near ? decoded(near).subarray(i * k, (i + 1) * k) : [];
}

// a sample in words: its class and domain, and what both networks say
function words(view, i) {
  const { texts, confidence, sourceCount, weight, tips } = view.data;
  const label = view.label[i];
  const lines = [make("b", {}, [view.className(label)]), line(i < sourceCount ? texts.source : texts.target, "faint")];
  for (const when of WHENS) {
    const guess = view.predicted[when];
    if (!guess) continue;
    const sure = confidence[when] ? ` ${Math.round(decoded(confidence[when])[i] * 100)}%` : "";
    const verdict = label < 0 ? "" : guess[i] === label ? ` ✓ ${texts.right}` : ` ✗ ${texts.wrong}`;
    lines.push(line(`${texts[when]}: ${view.className(guess[i])}${sure}${verdict}`));
  }
  if (weight && i < sourceCount) lines.push(line(`${texts.weight}: ${weight[i]}`));
  if (tips) lines.push(line(tips[i], "said"));
  return lines;
}

export function showTip(view, i, panel) {
  const tip = view.find(".tip");
  tip.hidden = i < 0;
  if (i < 0) return;
  const lines = words(view, i);
  tip.querySelector(".words").replaceChildren(...lines);
  view.find(".unseen").textContent = lines.map((each) => each.textContent).join(", ");
  thumbnail(view, tip.querySelector(".picture"), i, 96);
  const [x, y] = panel.at(i);
  const [outer, plot] = [view.root.getBoundingClientRect(), panel.plot.getBoundingClientRect()];
  const px = plot.left - outer.left + x;
  const py = plot.top - outer.top + y;
  const { offsetWidth: w, offsetHeight: h } = tip;
  const left = px + 16 + w > outer.width ? px - 16 - w : px + 16;
  tip.style.left = `${Math.min(Math.max(left, 0), Math.max(outer.width - w, 0))}px`;
  tip.style.top = `${Math.max(py - h - 12 < 0 ? py + 16 : py - h - 12, 0)}px`;
}

function thumbnail(view, node, i, side) {
  const { atlas } = view.data;
  node.hidden = !atlas;
  if (!atlas) return node;
  const { uri, columns, rows } = atlas;
  node.style.backgroundImage = `url("${uri}")`;
  node.style.backgroundSize = `${columns * side}px ${rows * side}px`;
  node.style.backgroundPosition = `${-(i % columns) * side}px ${-Math.floor(i / columns) * side}px`;
  return node;
}

export function selectionCard(view) {
  const { selected, data, label } = view;
  if (!selected) return null;
  const { texts, sourceCount, classes, colours } = data;
  const chosen = [...selected.keys()].filter((i) => selected[i] && view.panels[1].shown(i));
  const targets = chosen.filter((i) => i >= sourceCount);
  const domains = [
    [chosen.length - targets.length, "circle", colours.source, texts.source],
    [targets.length, "diamond", colours.target, texts.target],
  ];
  const known = targets.filter((i) => label[i] >= 0);
  const scores = WHENS.filter((when) => view.predicted[when] && known.length).map((when) => {
    const right = known.filter((i) => view.predicted[when][i] === label[i]).length;
    return line(`${texts[when]}: ${filled(texts.rightOf, { right, count: known.length })}`);
  });
  const tableRow = (tag, cells) => make("tr", {}, cells.map((cell) => make(tag, {}, [cell])));
  const counts = classes.map((name, index) => {
    const of = chosen.filter((i) => label[i] === index);
    return [name, of.filter((i) => i < sourceCount).length, of.filter((i) => i >= sourceCount).length];
  });
  return make("section", { class: "card" }, [
    row("head", make("b", {}, [filled(texts.selected, { count: chosen.length })]), shutter(texts.clear, () => view.select(null))),
    row("counts", ...domains.map(([count, shape, colour, name]) => row("count", mark(shape, colour), line(`${count} ${name}`)))),
    ...scores,
    make("table", {}, [
      tableRow("th", [texts.classes, texts.source, texts.target]),
      ...counts.filter(([, source, target]) => source + target > 0).map((cells) => tableRow("td", cells)),
    ]),
  ]);
}

export function pinnedCard(view) {
  const { pinned: i, data } = view;
  if (i < 0) return null;
  const { texts, sourceCount } = data;
  const said = make("div", {}, words(view, i));
  const card = make("section", { class: "card" }, [row("who", tile(view, i, 96), said, shutter(texts.unpin, () => view.pin(-1)))]);
  for (const when of WHENS) {
    const near = [...nearestOf(view, i, when)];
    if (!near.length) continue;
    const title = i < sourceCount ? texts.nearTarget : texts.nearSource;
    const label = view.label[i];
    const count = near.filter((other) => view.label[other] === label).length;
    const known = label >= 0 && near.every((other) => view.label[other] >= 0);
    card.append(line(`${texts[when]}: ${title}${known ? ` (${filled(texts.sameClass, { count })})` : ""}`, "near"));
    card.append(row("tiles", ...near.map((other) => neighbour(view, other))));
  }
  return card;
}

function neighbour(view, i) {
  const { tips, atlas } = view.data;
  const light = (on) => () => {
    view.active = on ? i : -1;
    view.mark();
  };
  return make("button", {
    type: "button", title: tips?.[i], onclick: () => view.pin(i),
    onpointerenter: light(true), onpointerleave: light(false), onfocus: light(true), onblur: light(false),
  }, [
    tile(view, i, 48),
    line(view.className(view.label[i])),
    tips && !atlas ? line(tips[i], "said") : null, // a sentence or a row of numbers is what there is to see
  ]);
}

function tile(view, i, side) {
  return thumbnail(view, make("div", { class: "picture", style: `width: ${side}px; height: ${side}px` }), i, side);
}

function shutter(title, act) {
  return make("button", { type: "button", class: "shut", title, "aria-label": title, onclick: act }, ["×"]);
}
