/** Forms whose fields show what the server says about them. */

import { h, icon, iconButton, setAttribute, setIcon, setText } from "../dom.js";

let lastId = 0;

/** A labelled input with room for a hint and an error. `attributes` go to the input. */
export function field(label, attributes, hint = "") {
  const id = `field-${++lastId}`;
  const input = h("input", { id, class: "input", ...attributes, "aria-describedby": `${id}-hint ${id}-error` });
  const error = h("p", { class: "field-error", id: `${id}-error` });
  const box = h("div", { class: "input-box" }, input, attributes.type === "password" && revealer(input));
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    box,
    hint && h("p", { class: "field-hint", id: `${id}-hint` }, hint),
    error,
  );
  const complain = (text) => {
    setText(error, text);
    setAttribute(input, "aria-invalid", text ? "true" : null);
    element.classList.toggle("wrong", Boolean(text));
  };
  input.addEventListener("input", () => complain(""));
  return { element, input, complain, name: attributes.name };
}

/** A form of such fields. `submit(values)` may throw a problem, which is then shown where it belongs. */
export function form({ fields, action, submit, footer = [] }) {
  const alert = h("p", { class: "form-error", role: "alert" });
  const button = h("button", { class: "primary", type: "submit" }, h("span", {}, action));
  const element = h("form", { class: "form", novalidate: true }, ...fields.map((one) => one.element), alert, button, ...footer);
  let busy = false;
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy || missing(fields)) return;
    busy = true;
    setText(alert, "");
    setAttribute(button, "aria-busy", "true");
    try {
      await submit(Object.fromEntries(fields.map((one) => [one.name, one.input.value])));
    } catch (problem) {
      complainAbout(problem, fields, alert);
    } finally {
      busy = false;
      setAttribute(button, "aria-busy", null);
    }
  });
  return { element, complain: (text) => setText(alert, text) };
}

/** What to tell a person about an error. */
export function wordsFor(problem) {
  if (problem?.code === "unreachable") {
    return "The server cannot be reached. Check your connection and try again.";
  }
  if (problem?.code === "rate_limited") return "Too many tries. Wait a moment, then try again.";
  return problem?.detail || problem?.message || "Something went wrong. Try again.";
}

function complainAbout(problem, fields, alert) {
  const found = fields.map((one) => [one, problem?.errors?.filter((error) => error.field === one.name) ?? []]);
  const wrong = found.filter(([, errors]) => errors.length);
  for (const [one, errors] of wrong) one.complain(errors.map((error) => error.message).join(" "));
  if (wrong.length) wrong[0][0].input.focus();
  else setText(alert, problem?.errors?.map((error) => error.message).join(" ") || wordsFor(problem));
}

function missing(fields) {
  const empty = fields.filter((one) => one.input.required && !one.input.value.trim());
  for (const one of empty) one.complain("This is needed.");
  empty[0]?.input.focus();
  return empty.length > 0;
}

function revealer(input) {
  const button = iconButton("eye", "Show password", { "aria-pressed": "false" });
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    setAttribute(button, "aria-pressed", String(shown));
    setIcon(button.firstChild, shown ? "eye-off" : "eye");
  });
  return button;
}

/** A note with a picture, for places that have nothing to show. */
export function emptyState(picture, title, text, ...more) {
  return h("div", { class: "empty" }, h("span", { class: "empty-picture" }, icon(picture)), h("h2", {}, title), text && h("p", {}, text), ...more);
}
