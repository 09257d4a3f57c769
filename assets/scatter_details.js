// What stands below the panels: the samples that a lasso has drawn around, counted, and the one that was clicked.

// the nearest samples of the other domain in feature space, by their indices; none where they were not told
function nearestOf(view, i, name) {
  const told = view.data.neighbours;
  if (!told[name]) return [];
  return decoded(told[name]).subarray(i * told.k, (i + 1) * told.k);
}

function selection(view) {
  const { selected, data } = view;
  if (!selected) return null;
  const { texts, sourceCount, classes } = data;
  const chosen = [...selected.keys()].filter((i) => selected[i] && view.panels[1].shown(i));
  const targets = chosen.filter((i) => i >= sourceCount);
  const card = element("section", "");
  card.className = "card";
  card.append(
    row(
      "head",
      element("b", texts.selected.replace("{count}", chosen.length)),
      shutter(texts.clear, () => view.select(null)),
    ),
  );
  const domains = [[chosen.length - targets.length, "circle", data.colours.source, texts.source]];
  domains.push([targets.length, "diamond", data.colours.target, texts.target]);
  card.append(row("counts", ...domains.map(([count, shape, colour, name]) => row("count", mark(shape, colour), element("span", `${count} ${name}`)))));
  for (const when of WHENS) {
    const guess = view.predicted[when];
    const known = targets.filter((i) => view.label_[i] >= 0);
    if (!guess || !known.length) continue;
    const right = known.filter((i) => guess[i] === view.label_[i]).length;
    card.append(line(`${texts[when]}: ${texts.rightOf.replace("{right}", right).replace("{count}", known.length)}`));
  }
  const table = element("table", "");
  const head = document.createElement("tr");
  head.append(...[texts.classes, texts.source, texts.target].map((name) => element("th", name)));
  const counts = classes.map((name, index) => {
    const of = chosen.filter((i) => view.label_[i] === index);
    return [name, of.filter((i) => i < sourceCount).length, of.filter((i) => i >= sourceCount).length];
  });
  const rows = counts.filter(([, source, target]) => source + target > 0).map((cells) => {
    const each = document.createElement("tr");
    each.append(...cells.map((cell) => element("td", cell)));
    return each;
  });
  table.append(head, ...rows);
  card.append(table);
  return card;
}

function pinned(view) {
  const { pinned: i, data } = view;
  if (i < 0) return null;
  const { texts, sourceCount } = data;
  const card = element("section", "");
  card.className = "card";
  const words = element("div", "");
  words.append(...view.told(i));
  card.append(row("who", tile(view, i, 96), words, shutter(texts.unpin, () => view.pin(-1))));
  for (const when of WHENS) {
    const near = [...nearestOf(view, i, when)];
    if (!near.length) continue;
    const title = i < sourceCount ? texts.nearTarget : texts.nearSource;
    const label = view.label_[i];
    const same = near.filter((other) => view.label_[other] === label).length;
    const known = label >= 0 && near.every((other) => view.label_[other] >= 0);
    card.append(line(`${texts[when]}: ${title}${known ? ` (${texts.sameClass.replace("{count}", same)})` : ""}`, "near"));
    card.append(row("tiles", ...near.map((other) => neighbour(view, other))));
  }
  return card;
}

function neighbour(view, i) {
  const button = element("button", "");
  button.type = "button";
  button.append(tile(view, i, 48), element("span", view.className(view.label_[i])));
  const { tips, atlas } = view.data;
  if (tips && !atlas) button.append(line(tips[i], "said")); // a sentence or a row of numbers is what there is to see
  if (tips) button.title = tips[i];
  button.onclick = () => view.pin(i);
  const light = (on) => {
    view.active = on ? i : -1;
    view.mark();
  };
  button.onpointerenter = () => light(true);
  button.onpointerleave = () => light(false);
  button.onfocus = () => light(true);
  button.onblur = () => light(false);
  return button;
}

function tile(view, i, side) {
  const node = element("div", "");
  node.className = "picture";
  node.style.width = node.style.height = `${side}px`;
  view.thumbnail(node, i, side);
  return node;
}

function shutter(title, act) {
  const button = element("button", "×");
  button.type = "button";
  button.className = "shut";
  button.title = title;
  button.setAttribute("aria-label", title);
  button.onclick = act;
  return button;
}
