/** Questions that stop everything else, and notes that do not. */

import { h } from "../dom.js";

/** Asks with a choice of answers; the value of the one chosen, or null. The last answer is the one that stands out. */
export function ask(title, text, answers) {
  return new Promise((resolve) => {
    const buttons = answers.map(({ label, value, danger }) =>
      h("button", { type: "submit", value: String(value), class: danger ? "danger-button" : "secondary" }, label),
    );
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": "dialog-title" },
      h(
        "form",
        { method: "dialog" },
        h("h2", { id: "dialog-title" }, title),
        text && h("p", {}, text),
        h("div", { class: "dialog-buttons" }, h("button", { type: "submit", value: "", class: "secondary", autofocus: true }, "Cancel"), ...buttons),
      ),
    );
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answers.find(({ value }) => String(value) === dialog.returnValue)?.value ?? null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A note at the edge of the page that goes by itself. */
export function toast(text) {
  document.querySelector(".toast")?.remove();
  const note = h("p", { class: "toast", role: "status" }, text);
  document.body.append(note);
  setTimeout(() => note.remove(), 5000);
}
