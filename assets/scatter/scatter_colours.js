// What the samples are coloured by, and the legend, in which entries and classes can be looked at alone.

import { make } from "../shared/elements.js";
import { decoded, mark, ramp } from "./scatter_marks.js";

// the legend's entries: [name, colour, shape or null for both]
export function entriesOf({ data, colour, label }) {
  const { texts, colours, classes } = data;
  if (colour === "domain") return [[texts.source, colours.source, "circle"], [texts.target, colours.target, "diamond"]];
  const unknown = label.some((known) => known < 0) ? [[texts.unknown, colours.unknown, null]] : [];
  if (colour === "class") return [...classes.map((name, index) => [name, colours.classes[index], null]), ...unknown];
  return [[texts.right, colours.right, null], [texts.wrong, colours.wrong, null], ...unknown];
}

// which legend entry sample i belongs to in a panel
export function entryOf(view, i, when) {
  const label = view.label[i];
  if (view.colour === "domain") return i < view.data.sourceCount ? 0 : 1;
  if (view.colour === "class") return label < 0 ? view.data.classes.length : label;
  const predicted = view.predicted[view.stop(when)];
  if (label < 0 || !predicted) return 2; // not known
  return predicted[i] === label ? 0 : 1;
}

// the colour of every sample in a panel
export function paintOf(view, when) {
  const { colours, sourceCount, heaviness, confidence } = view.data;
  const every = (colour) => Array.from({ length: view.count }, (_, i) => colour(i) ?? colours.unknown);
  if (view.colour === "confidence" || view.colour === "weight") {
    const packed = view.colour === "weight" ? heaviness : confidence[view.stop(when)];
    const shares = packed && decoded(packed);
    return every((i) => shares && i < (view.colour === "weight" ? sourceCount : view.count) ? ramp(colours.scale, shares[i]) : null);
  }
  const entries = entriesOf(view);
  return every((i) => entries[entryOf(view, i, when)]?.[1]);
}

export function legend(view) {
  const { texts, colours, scales, classes } = view.data;
  const keys = [];
  const scale = scales[view.colour];
  if (scale) {
    const bar = make("span", { class: "ramp" });
    bar.style.background = `linear-gradient(to right, ${colours.scale.join(", ")})`;
    keys.push(make("div", { class: "scale" }, [make("span", {}, [scale[0]]), bar, make("span", {}, [scale[1]])]));
  } else if (view.colour !== "class") {
    keys.push(...entriesOf(view).map(([name, colour, shape], index) => key(view, name, mark(shape ?? "dot", colour), view.only === index, view.only !== null, () => {
      view.only = view.only === index ? null : index;
    })));
  }
  if (view.colour !== "domain") {
    const shapes = [[texts.source, "circle"], [texts.target, "diamond"]];
    keys.push(...shapes.map(([name, shape]) => make("div", { class: "shape" }, [mark(shape, "none"), make("span", {}, [name])])));
  }
  view.find(".legend").replaceChildren(...keys);
  const named = [...classes.entries(), ...(view.label.some((label) => label < 0) ? [[-1, texts.unknown]] : [])];
  const byClass = named.map(([index, name]) => {
    const on = view.classes.has(index);
    const dot = view.colour === "class" ? mark("dot", colours.classes[index] ?? colours.unknown) : "";
    return key(view, name, dot, on, view.classes.size > 0, () => (on ? view.classes.delete(index) : view.classes.add(index)));
  });
  view.find(".classes").replaceChildren(make("span", {}, [texts.classes]), ...byClass);
}

// a button that looks at an entry alone; `some`: whether any is looked at so
function key(view, name, symbol, pressed, some, toggle) {
  return make("button", {
    type: "button", "aria-pressed": String(pressed), class: some && !pressed ? "quiet" : "",
    onclick: ({ currentTarget: button }) => {
      const where = button.parentElement;
      const place = [...where.children].indexOf(button);
      toggle();
      legend(view);
      view.draw();
      view.details(); // a selection counts what is looked at
      where.children[place].focus();
    },
  }, [symbol, make("span", {}, [name])]);
}
