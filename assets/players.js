// Marks that play a sound each: blue circles for the source, orange diamonds for the target, as everywhere.
// Titles come translated and are set as attributes; one sound plays at a time on the whole page.

const voice = (globalThis.labVoice ??= new Audio());

export default function ({ parentElement, data }) {
  const box = parentElement.querySelector(".players");
  box.style.setProperty("--mark", data.colour);
  box.replaceChildren(
    ...data.sounds.map((sound, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = data.shape;
      button.title = data.titles[index];
      button.setAttribute("aria-label", data.titles[index]);
      button.onclick = () => {
        voice.onended?.();
        button.classList.add("playing");
        voice.onended = () => button.classList.remove("playing");
        voice.src = sound;
        voice.play().catch(() => button.classList.remove("playing")); // interrupted by the next one
      };
      return button;
    }),
  );
}
