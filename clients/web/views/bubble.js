/** One message on the screen. */

import { h, icon, setAttribute, setText } from "../dom.js";
import { clock, nameOf } from "../format.js";
import { showTick, tick } from "./row.js";

const ADDRESS = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/gu;

/** A bubble that can be told what its message is now. `actions`: retry and discard, for what could not be sent. */
export function bubble(actions) {
  const speaker = h("span", { class: "hidden-text", dir: "ltr" });
  const text = h("span", { class: "text" });
  const time = h("time", {});
  const state = tick("pending");
  const meta = h("span", { class: "meta" }, time, state);
  const box = h("div", { class: "bubble", dir: "auto" }, speaker, text, meta);
  const element = h("li", { class: "message" }, box);
  let failure = null;
  let drawn = "";

  const update = (message, first) => {
    const signature = `${message.state}|${message.createdAt}|${message.own}|${first}|${message.deletedAt}|${message.text}`;
    if (signature === drawn) return;
    drawn = signature;
    element.classList.toggle("own", message.own);
    element.classList.toggle("first", first);
    setText(speaker, first ? (message.own ? "You: " : `${nameOf(message.sender)}: `) : "");
    showText(text, message);
    box.querySelector(".quote")?.remove();
    if (message.replyTo && !message.deletedAt) box.prepend(quoteOf(message.replyTo));
    setText(time, clock(message.createdAt));
    setAttribute(time, "datetime", new Date(message.createdAt).toISOString());
    state.toggleAttribute("hidden", !message.own);
    if (message.own) showTick(state, message.state);
    failure?.remove();
    failure = message.state === "failed" ? failureOf(message, actions) : null;
    if (failure) element.append(failure);
  };
  return { element, update };
}

function showText(element, message) {
  element.classList.toggle("gone", Boolean(message.deletedAt) || !message.text);
  if (message.deletedAt || !message.text) return setText(element, message.deletedAt ? "This message was deleted" : "Attachment");
  if (element.textContent !== message.text || element.childElementCount) element.replaceChildren(...withLinks(message.text));
  return undefined;
}

/** The text with its addresses as links, each a node of its own. */
function withLinks(text) {
  const parts = [];
  let at = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    parts.push(text.slice(at, index), h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address));
    at = index + address.length;
  }
  parts.push(text.slice(at));
  return parts;
}

function quoteOf({ sender, text }) {
  return h("div", { class: "quote", dir: "auto" }, h("strong", {}, nameOf(sender)), h("span", {}, text || "Attachment"));
}

function failureOf(message, { retry, discard }) {
  return h(
    "div",
    { class: "failure", role: "alert" },
    icon("alert"),
    h("span", {}, message.error?.detail ?? "Not sent."),
    h("button", { type: "button", class: "link", onclick: () => retry(message.clientId) }, "Try again"),
    h("button", { type: "button", class: "link", onclick: () => discard(message.clientId) }, "Remove"),
  );
}
