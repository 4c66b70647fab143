/**
 * The messages of a room. Only a window of them is on the page: it begins near the end, grows upwards as one scrolls,
 * and shrinks again at the bottom, so a room of many thousand messages costs no more than a small one.
 */

import { arrange, coalesced, h, icon, iconButton, setText } from "../dom.js";
import { countText, dayKey, dayName } from "../format.js";
import { bubble } from "./bubble.js";
import { NewLine } from "./newline.js";

const STEP = 60;
const MOST = 240;
const NEAR = 48;
const FAR = 240;
const LARGEST_PAGE = 200;
const TOGETHER = 5 * 60_000;
const RETRY = 2000;

/** `greeting` stands at the very beginning; `seen` is called whenever the newest messages are in view. */
export function timeline({ room, signal, greeting, seen }) {
  const list = h("ol", { class: "messages" });
  const older = h("div", { class: "older", hidden: true }, h("span", { class: "spinner" }), h("span", { class: "hidden-text" }, "Loading older messages"));
  const scroller = h("div", { class: "scroller", role: "region", "aria-label": "Messages", tabindex: "0" }, older, greeting, list);
  const count = h("span", { class: "badge" });
  const jump = iconButton("down", "To the newest message", { class: "jump", hidden: true });
  jump.append(count);

  const newLine = new NewLine(room);
  const bubbles = new Map();
  const days = new Map();
  const actions = { retry: (id) => room.retry(id), discard: (id) => room.discard(id) };
  let firstKey = null;
  let following = true;
  let opening = true;
  let loading = false;

  const draw = () => {
    const messages = room.messages;
    newLine.place(messages, { watched: following && isSeen() });
    const start = windowStart(messages);
    const anchor = following ? null : anchorOf(scroller, list);
    arrange(list, [...elementsOf(messages, start)]);
    forget(bubbles, list);
    older.hidden = !(start > 0 || room.hasOlder);
    greeting.hidden = start > 0 || room.hasOlder;
    if (anchor) scroller.scrollTop += anchor.element.getBoundingClientRect().top - anchor.top;
    else if (opening && newLine.element.isConnected) newLine.element.scrollIntoView({ block: "center" });
    else toBottom();
    settle();
    if (isVisible()) queueMicrotask(fillUp);
  };
  const redraw = coalesced(draw);

  /** Where the window begins. It is held by a message, not by a number: older pages come in before it. */
  function windowStart(messages) {
    let start = firstKey === null ? -1 : messages.findIndex((message) => keyOf(message) === firstKey);
    if (opening) start = Math.max(0, Math.min(messages.length - STEP, newLine.indexIn(messages) - STEP / 6));
    else if (start < 0 || (following && messages.length - start > MOST)) start = Math.max(0, messages.length - STEP);
    firstKey = messages.length ? keyOf(messages[start]) : null;
    return start;
  }

  function* elementsOf(messages, start) {
    let before = null;
    for (let at = start; at < messages.length; at++) {
      const message = messages[at];
      const key = keyOf(message);
      const isNewDay = !before || dayKey(message.createdAt) !== dayKey(before.createdAt);
      if (isNewDay) yield dayElement(days, message);
      if (newLine.isAbove(message)) yield newLine.element;
      const own = bubbles.get(key) ?? bubble(actions);
      bubbles.set(key, own);
      own.update(message, isNewDay || newLine.isAbove(message) || !together(before, message));
      yield own.element;
      before = message;
    }
  }

  /** Shows, or fetches, what is older while the top is near. */
  async function fillUp() {
    if (loading) return;
    if (older.hidden || scroller.scrollTop > FAR || !isVisible()) {
      opening = false;
      return;
    }
    const start = room.messages.findIndex((message) => keyOf(message) === firstKey);
    if (start > 0) return widen(start);
    loading = true;
    try {
      await room.loadOlder(opening ? Math.min(LARGEST_PAGE, Math.max(STEP, newLine.awaited + STEP / 6)) : STEP);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
    loading = false;
    if (signal.aborted) return;
    const at = room.messages.findIndex((message) => keyOf(message) === firstKey);
    if (at > 0 || opening) widen(at);
  }

  function widen(start) {
    const messages = room.messages;
    if (!opening && start > 0) firstKey = keyOf(messages[Math.max(0, start - STEP)]);
    draw();
  }

  function settle() {
    const distance = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    following = distance < NEAR;
    jump.hidden = distance < FAR;
    count.hidden = !room.unreadCount;
    setText(count, countText(room.unreadCount));
    if (isSeen() && (following || opening)) {
      newLine.wasSeen();
      seen();
    }
  }

  const isVisible = () => scroller.clientHeight > 0;
  const isSeen = () => isVisible() && !document.hidden;
  const toBottom = () => (scroller.scrollTop = scroller.scrollHeight);

  const scrolled = () => {
    settle();
    fillUp();
  };
  scroller.addEventListener("scroll", scrolled, { passive: true });
  jump.addEventListener("click", () => {
    following = true;
    firstKey = null;
    draw();
    scroller.focus();
  });
  document.addEventListener("visibilitychange", redraw, { signal });
  room.addEventListener("change", redraw, { signal });
  const resized = new ResizeObserver(() => {
    if (following && !opening) toBottom();
    settle();
  });
  resized.observe(scroller);
  signal.addEventListener("abort", () => resized.disconnect());
  queueMicrotask(draw);

  return {
    element: h("div", { class: "timeline" }, scroller, jump),
    /** After one's own send: to the newest, wherever one was. */
    follow() {
      following = true;
      newLine.remove();
      redraw();
    },
  };
}

/** A message keeps its key from the moment it is written until it comes back from the server. */
function keyOf(message) {
  return message.own && message.clientId ? `own:${message.clientId}` : `id:${message.id}`;
}

function together(before, message) {
  return before && before.sender.id === message.sender.id && new Date(message.createdAt) - new Date(before.createdAt) < TOGETHER;
}

function dayElement(days, message) {
  const day = dayKey(message.createdAt);
  const known = days.get(day) ?? h("li", { class: "day" }, h("span", {}));
  days.set(day, known);
  setText(known.firstChild, dayName(message.createdAt));
  return known;
}

/** The first message that is on the screen, and where. */
function anchorOf(scroller, list) {
  const top = scroller.getBoundingClientRect().top;
  for (const element of list.children) {
    const box = element.getBoundingClientRect();
    if (box.bottom > top && element.classList.contains("message")) return { element, top: box.top };
  }
  return null;
}

function forget(bubbles, list) {
  if (bubbles.size < MOST * 2) return;
  for (const [key, one] of bubbles) if (one.element.parentNode !== list) bubbles.delete(key);
}

/** What a room shows before anything was said in it. */
export function greetingOf(title, isNotes) {
  const words = isNotes ? "Notes to yourself. Only you can see them." : `This is the beginning of your chat with ${title}.`;
  return h("div", { class: "greeting", hidden: true }, icon(isNotes ? "pin" : "talk"), h("p", {}, words));
}
