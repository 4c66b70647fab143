/** One chat in the list. Rows are kept and updated, so that a list of hundreds does not flicker. */

import { h, icon, setAttribute, setIcon, setText } from "../dom.js";
import { countText, nameOf, shortTime } from "../format.js";
import { avatar } from "./avatar.js";

const TICKS = { pending: "clock", sent: "sent", delivered: "delivered", read: "delivered", failed: "alert" };
const TICK_WORDS = { pending: "Waiting", sent: "Sent", delivered: "Delivered", read: "Read", failed: "Not sent" };

/** The picture of how far an own message has come. */
export function tick(state) {
  const svg = icon(TICKS[state] ?? "sent");
  showTick(svg, state);
  return svg;
}

/** Changes that picture. */
export function showTick(svg, state) {
  setIcon(svg, TICKS[state] ?? "sent", TICK_WORDS[state]);
  svg.setAttribute("class", `icon tick ${state}`);
}

export function chatRow(room) {
  const title = h("span", { class: "row-title", dir: "auto" });
  const time = h("time", { class: "row-time" });
  const state = tick("sent");
  const text = h("span", { class: "row-text", dir: "auto" });
  const muted = icon("mute", { label: "Muted" });
  const pinned = icon("pin", { label: "Pinned" });
  const badge = h("span", { class: "badge" });
  const link = h(
    "a",
    { class: "row", href: `#/room/${room.name}` },
    avatar(titleOf(room), room.peer?.id ?? room.name),
    h(
      "span",
      { class: "row-body" },
      h("span", { class: "row-line" }, title, time),
      h("span", { class: "row-line" }, h("span", { class: "row-last" }, state, text), h("span", { class: "row-marks" }, muted, pinned, badge)),
    ),
  );
  const element = h("li", {}, link);

  const update = (isOpen) => {
    const last = room.lastMessage;
    const typing = room.typists.length > 0;
    const unread = room.unreadCount;
    setText(title, titleOf(room));
    setText(time, last ? shortTime(last.createdAt) : "");
    setAttribute(time, "datetime", last && new Date(last.createdAt).toISOString());
    setText(text, typing ? "typing…" : previewOf(last));
    text.classList.toggle("typing", typing);
    state.toggleAttribute("hidden", typing || !last?.own || !last.text);
    if (last?.own) showTick(state, last.state);
    muted.toggleAttribute("hidden", !room.isMuted);
    pinned.toggleAttribute("hidden", !room.pinned);
    badge.hidden = !unread && !room.markedUnread;
    badge.classList.toggle("quiet", room.isMuted);
    setText(badge, unread ? countText(unread) : "");
    setAttribute(badge, "aria-label", unread ? `${unread} unread` : "Marked as unread");
    setAttribute(badge, "role", "img");
    setAttribute(link, "aria-current", isOpen ? "page" : null);
    link.classList.toggle("unread", unread > 0);
    link.classList.toggle("muted", room.isMuted);
  };
  return { element, update };
}

export function titleOf(room) {
  return room.title || nameOf(room.peer);
}
function previewOf(message) {
  if (!message) return "No messages yet";
  return message.deletedAt ? "Message deleted" : message.text || "Attachment";
}
