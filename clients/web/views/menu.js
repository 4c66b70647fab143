/** A menu that opens below a button: arrows move, Escape and a click elsewhere close. */

import { h, icon, iconButton } from "../dom.js";

/** The button and its menu. `items()` gives `{ icon, label, action, danger }` anew each time the menu opens. */
export function menuButton(name, label, items) {
  const button = iconButton(name, label, { "aria-haspopup": "menu", "aria-expanded": "false" });
  const list = h("div", { class: "menu", role: "menu", "aria-label": label, hidden: true });
  const element = h("div", { class: "menu-holder" }, button, list);

  const close = ({ refocus = false } = {}) => {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (refocus) button.focus();
  };
  const outside = (event) => {
    if (!element.contains(event.target)) close();
  };
  const open = () => {
    list.replaceChildren(...items().filter(Boolean).map((item) => row(item, () => close({ refocus: true }))));
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside, true);
    list.firstChild.focus();
  };

  button.addEventListener("click", () => (list.hidden ? open() : close()));
  list.addEventListener("keydown", (event) => {
    const target = keyTarget(event.key, list);
    if (target) target.focus();
    else if (event.key === "Escape") close({ refocus: true });
    else if (event.key === "Tab") return close();
    else return undefined;
    event.stopPropagation();
    return event.preventDefault();
  });
  return element;
}

function row({ icon: picture, label, action, danger }, close) {
  const button = h("button", { type: "button", role: "menuitem", tabindex: "-1", class: danger && "danger" }, icon(picture), h("span", {}, label));
  button.addEventListener("click", () => {
    close();
    action();
  });
  return button;
}

function keyTarget(key, list) {
  const rows = [...list.children];
  const at = rows.indexOf(document.activeElement);
  const places = { ArrowDown: (at + 1) % rows.length, ArrowUp: (at - 1 + rows.length) % rows.length, Home: 0, End: rows.length - 1 };
  return rows[places[key]];
}
