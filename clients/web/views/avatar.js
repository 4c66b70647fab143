/** A person's or room's picture: initials on a colour that stays the same everywhere. */

import { h } from "../dom.js";
import { initials } from "../format.js";

const TONES = 8;

export function avatar(name, seed, size = "") {
  return h("span", { class: `avatar ${size} tone-${toneOf(seed)}`, "aria-hidden": "true" }, initials(name));
}

function toneOf(seed) {
  let sum = 0;
  for (const letter of String(seed)) sum = Math.imul(sum ^ letter.codePointAt(0), 16_777_619);
  return (sum >>> 8) % TONES;
}
