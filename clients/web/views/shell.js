/** The page of somebody who is signed in: panels at the left, a room at the right; on a phone one of the two. */

import { announce, h } from "../dom.js";
import { nameOf } from "../format.js";
import { banner } from "./banner.js";
import { chatsPanel } from "./chats.js";
import { devicesPanel } from "./devices.js";
import { emptyState } from "./form.js";
import { profilePanel } from "./profile.js";
import { roomPane } from "./room.js";

const narrow = window.matchMedia("(max-width: 760px)");

export function shell({ chat, signal, logOut }) {
  const side = h("div", { class: "side" });
  const main = h("main", { class: "main-pane" });
  const element = h("div", { class: "shell" }, side, main);
  const panel = slot(side, signal);
  const room = slot(main, signal);
  let shown = null;
  const openRoom = () => (room.name?.startsWith("room/") ? room.name.slice("room/".length) : null);

  const go = () => {
    const [kind, name] = location.hash.replace(/^#\/?/u, "").split("/", 2);
    const wanted = kind === "room" && name ? `room/${name}` : narrow.matches || kind === "" ? "nothing" : room.name ?? "nothing";
    showRoom(wanted);
    element.dataset.shows = openRoom() && kind === "room" ? "room" : "side";
    if (kind !== "room") showPanel(["archived", "profile", "devices"].includes(kind) ? kind : "chats");
    else if (!panel.name || (panel.name !== "archived" && panel.name !== "chats")) showPanel("chats");
  };

  const showPanel = (name) => {
    panel.show(name, (until) => {
      if (name === "profile") return profilePanel({ chat });
      if (name === "devices") return devicesPanel({ chat });
      const archived = name === "archived";
      const common = { chat, signal: until, openRoom, archived, logOut };
      return h("div", { class: "panel-stack" }, banner(chat, until), chatsPanel(common));
    });
  };

  const showRoom = (name) => {
    const found = name.startsWith("room/") ? (chat.room(name.slice("room/".length)) ?? null) : null;
    let focus = null;
    if (found !== shown) room.name = null; // it was cleared and has come back as another
    shown = found;
    const changed = room.show(found ? name : "nothing", (until) => {
      if (!found) return emptyState("talk", "Your chats", "Choose a chat at the left, or search for someone to write to.");
      const pane = roomPane({ chat, room: found, signal: until });
      focus = pane.focus;
      return pane.element;
    });
    if (changed) focus?.();
  };

  window.addEventListener("hashchange", go, { signal });
  narrow.addEventListener("change", go, { signal });
  chat.addEventListener("rooms", () => {
    const wanted = location.hash.match(/^#\/room\/(.+)$/u)?.[1];
    if (wanted && (chat.room(wanted) ?? null) !== shown) go(); // after a reload the room was not known yet
  }, { signal });
  window.addEventListener("keydown", (event) => {
    const isElsewhere = event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]");
    if (event.key === "Escape" && !isElsewhere && location.hash.length > 2) location.hash = "#/";
  }, { signal });
  tell(chat, signal);
  go();
  return element;
}

/** A place that shows one thing at a time and ends what the thing before had subscribed to. */
function slot(parent, signal) {
  let life = null;
  const self = {
    name: null,
    show(name, make) {
      if (self.name === name) return false;
      life?.abort();
      life = new AbortController();
      self.name = name;
      parent.replaceChildren(make(life.signal));
      return true;
    },
  };
  signal.addEventListener("abort", () => life?.abort());
  return self;
}

/** Keeps the badge in the title, and says aloud what comes in. */
function tell(chat, signal) {
  const heard = new Map(chat.rooms.map((room) => [room.name, room.lastMessage?.id]));
  let ready = chat.connection === "online";
  const listen = () => {
    document.title = chat.badge ? `(${chat.badge}) Chat` : "Chat";
    for (const room of chat.rooms) {
      const last = room.lastMessage;
      if (!last?.id || heard.get(room.name) === last.id) continue;
      heard.set(room.name, last.id);
      if (ready && !last.own && !room.isMuted && last.text) announce(`${nameOf(last.sender)}: ${last.text}`);
    }
    ready = chat.connection === "online";
  };
  for (const name of ["change", "rooms", "connection"]) chat.addEventListener(name, listen, { signal });
  listen();
}
