// @ts-check
// Class proportions beside the picture.

/** Class proportions as bars, where a method weights classes or samples. @param {Stage} stage @param {Frame} frame */
function bars(stage, frame) {
  const box = stage.figure.querySelector(".bars");
  const header = stage.film?.header;
  box.hidden = !(header && header.told.kind === "reweighting");
  if (box.hidden || !header) return;
  const { texts, colours } = stage.playground.data;
  const { label, told } = header;
  const shares = [0, 1, 2].map(() => new Float64Array(told.classes.length));
  for (let i = 0; i < label.length; i++) {
    if (label[i] < 0) continue;
    if (i < told.source_count) {
      shares[0][label[i]] += 1;
      shares[1][label[i]] += frame.weights ? frame.weights[i] : 1;
    } else shares[2][label[i]] += 1;
  }
  const key = JSON.stringify(shares.map((share) => [...share]));
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...["sourceBar", "weightedBar", "targetBar"].map((name, row) => {
    const sum = shares[row].reduce((a, b) => a + b, 0) || 1;
    const [line, title, bar] = [document.createElement("div"), document.createElement("span"), document.createElement("div")];
    title.textContent = texts[name];
    bar.className = "share";
    told.classes.forEach((/** @type {string} */ one, /** @type {number} */ index) => {
      const part = document.createElement("i");
      part.style.width = `${(100 * shares[row][index]) / sum}%`;
      part.style.background = colours.classes[index];
      part.textContent = shares[row][index] / sum > 0.12 ? `${one} ${Math.round((100 * shares[row][index]) / sum)}%` : "";
      bar.append(part);
    });
    line.append(title, bar);
    return line;
  }));
}
