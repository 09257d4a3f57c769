// Both panels and their legend as a picture to keep.

import { download } from "../shared/elements.js";
import { entriesOf } from "./scatter_colours.js";
import { outline } from "./scatter_marks.js";

export function saveImage(view) {
  const { data, colour } = view;
  const { texts } = data;
  const style = getComputedStyle(view.root);
  const [side, gap, head, line, scale] = [480, 24, 44, 24, 2];
  const width = 2 * side + 3 * gap;
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const small = `14px ${style.fontFamily}`;
  pen.font = small;
  let [x, y] = [gap, head + side + 30];
  const ends = data.scales[colour]?.map((name, index) => [name, data.colours.scale.at(-index), null]);
  const shapes = colour === "domain" ? [] : [[texts.source, "none", "circle"], [texts.target, "none", "diamond"]];
  const keys = [...(ends ?? entriesOf(view)), ...shapes].map(([name, colour, shape]) => {
    const room = 40 + pen.measureText(name).width;
    if (x + room > width && x > gap) [x, y] = [gap, y + line];
    x += room;
    return { name, colour, shape: shape ?? "circle", x: x - room, y };
  });
  canvas.width = width * scale;
  canvas.height = (y + line) * scale;
  pen.scale(scale, scale);
  pen.fillStyle = style.getPropertyValue("--st-background-color") || "white";
  pen.fillRect(0, 0, width, y + line);
  view.panels.forEach((panel, index) => {
    const x = gap + index * (side + gap);
    pen.fillStyle = style.color;
    pen.font = `600 16px ${style.fontFamily}`;
    pen.fillText(panel.caption().filter(Boolean).join("  ·  "), x, head - 14);
    pen.strokeStyle = style.getPropertyValue("--st-border-color") || "grey";
    pen.strokeRect(x, head, side, side);
    pen.save();
    pen.translate(x, head);
    panel.scatter(pen, side, side, scale);
    pen.restore();
  });
  pen.font = small;
  for (const key of keys) {
    const shape = outline(key.shape, key.x + 6, key.y, 6);
    pen.fillStyle = key.colour === "none" ? "transparent" : key.colour;
    pen.fill(shape);
    pen.strokeStyle = pen.fillStyle = style.color;
    if (key.colour === "none") pen.stroke(shape);
    pen.fillText(key.name, key.x + 18, key.y + 5);
  }
  download(canvas.toDataURL("image/png"), `${data.file}-${view.layout}-${colour}.png`);
}
