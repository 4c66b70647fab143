/** Elements without markup: every text goes in as text, so nothing that people write can become HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element: `h("button", { class: "primary", onclick: save }, "Save")`. Children that are null or false are
 * left out; an attribute that is null or false is not set.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else setAttribute(element, name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Sets an attribute, or takes it away where there is nothing to say. */
export function setAttribute(element, name, value) {
  if (value == null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? "" : value);
}

/** Sets a text only where it changed, so that nothing is laid out or announced twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A picture from the sprite. It is decoration unless it has a label. */
export function icon(name, { label } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.append(document.createElementNS(SVG, "use"));
  setIcon(svg, name, label);
  return svg;
}

/** Shows another picture in the same place. */
export function setIcon(svg, name, label) {
  setAttribute(svg.firstChild, "href", `/clients/web/icons.svg#${name}`);
  setAttribute(svg, "role", label ? "img" : null);
  setAttribute(svg, "aria-label", label);
  setAttribute(svg, "aria-hidden", label ? null : "true");
}

/** A button that is only a picture; its label is its name and its tooltip. */
export function iconButton(name, label, attributes = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, ...attributes }, icon(name));
}

/** Calls `draw` once for any number of calls: with the next frame, or soon while nobody looks. */
export function coalesced(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    const run = () => {
      waiting = false;
      draw();
    };
    if (document.hidden) setTimeout(run, 200);
    else requestAnimationFrame(run);
  };
}

/**
 * Makes `parent` hold exactly `wanted`, in order, and moves no child that is already in its place: focus and scrolling stay.
 */
export function arrange(parent, wanted) {
  let place = parent.firstChild;
  for (const child of wanted) {
    if (child === place) place = place.nextSibling;
    else parent.insertBefore(child, place);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** Has a screen reader say it when it next pauses. */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  announcer.append(h("p", {}, text));
  while (announcer.childElementCount > 5) announcer.firstChild.remove();
}
