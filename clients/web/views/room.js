/** An open chat: who it is with, what was said, and where one writes. */

import { coalesced, h, icon, setText } from "../dom.js";
import { nameOf } from "../format.js";
import { avatar } from "./avatar.js";
import { composer } from "./composer.js";
import { ask, toast } from "./dialogs.js";
import { wordsFor } from "./form.js";
import { menuButton } from "./menu.js";
import { titleOf } from "./row.js";
import { greetingOf, timeline } from "./timeline.js";

const HOUR = 3_600_000;
const ALWAYS = new Date("2099-12-31T00:00:00Z");

export function roomPane({ chat, room, signal }) {
  const title = h("h1", { dir: "auto" }, titleOf(room));
  const below = h("p", { class: "subtitle", "aria-live": "polite" });
  const isNotes = Boolean(room.peer) && room.peer.id === chat.me?.id;
  const writing = composer({ room, signal, limit: chat.limits.text_characters, sent: () => lines.follow() });
  const lines = timeline({ room, signal, greeting: greetingOf(titleOf(room), isNotes), seen: () => markRead(room) });

  const draw = coalesced(() => {
    setText(title, titleOf(room));
    const typing = room.typists.length > 0;
    setText(below, typing ? typingText(room) : isNotes ? "Notes to yourself" : room.peer ? `@${room.peer.username}` : "");
    below.classList.toggle("typing", typing);
  });
  room.addEventListener("change", draw, { signal });
  draw();

  const element = h(
    "section",
    { class: "room", "aria-label": `Chat with ${titleOf(room)}` },
    h(
      "header",
      { class: "room-header" },
      h("a", { class: "icon-button back", href: "#/", "aria-label": "Back to chats", title: "Back to chats" }, icon("back")),
      avatar(titleOf(room), room.peer?.id ?? room.name, "small"),
      h("div", { class: "room-title" }, title, below),
      menuButton("more", "Chat menu", () => menuItems(room)),
    ),
    lines.element,
    writing.element,
  );
  return { element, focus: writing.focus };
}

function markRead(room) {
  if (room.unreadCount || room.markedUnread) room.markRead();
}

function typingText(room) {
  return room.peer ? "typing…" : `${room.typists.map(({ user }) => nameOf(user)).join(", ")} typing…`;
}

function menuItems(room) {
  const change = (settings) => () => attempt(room.update(settings));
  return [
    room.pinned
      ? { icon: "unpin", label: "Unpin chat", action: change({ pinned: false }) }
      : { icon: "pin", label: "Pin chat", action: change({ pinned: true }) },
    room.isMuted
      ? { icon: "bell", label: "Unmute", action: change({ muted_until: null }) }
      : { icon: "mute", label: "Mute…", action: () => mute(room) },
    room.archived
      ? { icon: "archive", label: "Unarchive chat", action: change({ archived: false }) }
      : { icon: "archive", label: "Archive chat", action: () => leaveAfter(room.update({ archived: true })) },
    { icon: "unread", label: "Mark as unread", action: () => leaveAfter(room.update({ marked_unread: true })) },
    { icon: "clear", label: "Clear chat…", danger: true, action: () => clear(room) },
  ];
}

async function mute(room) {
  const until = await ask("Mute this chat?", "Messages still arrive, but they do not count in the badge.", [
    { label: "For 8 hours", value: 8 * HOUR },
    { label: "For a week", value: 7 * 24 * HOUR },
    { label: "Always", value: "always" },
  ]);
  if (!until) return;
  const moment = until === "always" ? ALWAYS : new Date(Date.now() + until);
  await attempt(room.update({ muted_until: moment.toISOString() }));
}

async function clear(room) {
  const answer = await ask("Clear this chat?", "All messages go from your devices. Others keep theirs.", [{ label: "Clear", value: "yes", danger: true }]);
  if (answer) await leaveAfter(room.clear());
}

async function leaveAfter(promise) {
  location.hash = "#/";
  await attempt(promise);
}

async function attempt(promise) {
  try {
    await promise;
  } catch (problem) {
    toast(wordsFor(problem));
  }
}
