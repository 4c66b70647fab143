/** Where one writes. What was not sent yet stays with its room. */

import { h, iconButton } from "../dom.js";

const TYPING_EVERY = 3000;
const TYPING_ENDS = 5000;
const drafts = new Map();

export function composer({ room, signal, limit = 4096, sent }) {
  const input = h("textarea", { class: "composer-input", rows: "1", placeholder: "Write a message", "aria-label": "Write a message", maxlength: limit, dir: "auto", enterkeyhint: "send" });
  const send = iconButton("send", "Send", { type: "submit", class: "send-button" });
  const closed = h("p", { class: "composer-closed", hidden: true }, "You cannot send messages in this chat.");
  const element = h("form", { class: "composer" }, input, send, closed);
  const typing = typingOf(room);

  const resize = () => {
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight}px`;
    send.disabled = !input.value.trim();
  };
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    drafts.delete(room.name);
    typing.stop();
    resize();
    room.send(text);
    input.focus();
    sent();
  });
  input.addEventListener("input", () => {
    if (input.value) drafts.set(room.name, input.value);
    else drafts.delete(room.name);
    resize();
    if (input.value.trim()) typing.go();
    else typing.stop();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || isTouch()) return;
    event.preventDefault();
    element.requestSubmit();
  });
  input.addEventListener("blur", typing.stop);
  signal.addEventListener("abort", typing.stop);

  const allow = () => {
    closed.hidden = room.canSend;
    input.hidden = send.hidden = !room.canSend;
  };
  room.addEventListener("change", allow, { signal });
  allow();

  input.value = drafts.get(room.name) ?? "";
  queueMicrotask(resize);
  return { element, focus: () => isTouch() || input.focus() };
}

/** On a phone Enter makes a new line, and the keyboard opens when it is asked for. */
function isTouch() {
  return window.matchMedia("(pointer: coarse)").matches;
}

function typingOf(room) {
  let last = 0;
  let timer;
  const stop = () => {
    clearTimeout(timer);
    if (last) room.setTyping("idle");
    last = 0;
  };
  const go = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, TYPING_ENDS);
    if (Date.now() - last < TYPING_EVERY) return;
    last = Date.now();
    room.setTyping("typing");
  };
  return { go, stop };
}
