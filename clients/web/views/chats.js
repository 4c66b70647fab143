/** The list of chats, with a search that finds chats at once and people on the server. */

import { arrange, coalesced, h, icon, iconButton, setText } from "../dom.js";
import { nameOf } from "../format.js";
import { avatar } from "./avatar.js";
import { ask, toast } from "./dialogs.js";
import { emptyState, wordsFor } from "./form.js";
import { menuButton } from "./menu.js";
import { chatRow, titleOf } from "./row.js";

const SEARCH_DELAY = 250;
const SHORTEST_SEARCH = 2;

/** The panel. `openRoom()` says which room is on the screen; `archived` shows the other half of the chats. */
export function chatsPanel({ chat, signal, openRoom, archived = false, logOut }) {
  const search = h("input", { class: "search-input", type: "search", placeholder: "Search chats and people", "aria-label": "Search chats and people", autocomplete: "off", spellcheck: "false", maxlength: 100 });
  const list = h("ul", { class: "rows", "aria-label": archived ? "Archived chats" : "Chats" });
  const archivedLink = h("a", { class: "row archived-row", href: "#/archived", hidden: true }, h("span", { class: "avatar plain" }, icon("archive")), h("span", { class: "row-body" }, h("span", { class: "row-title" }, "Archived")), h("span", { class: "row-count" }));
  const people = h("section", { class: "people", hidden: true, "aria-live": "polite" });
  const note = h("div", { class: "list-note" });
  const rows = new Map();

  const draw = () => {
    const query = search.value.trim().toLocaleLowerCase();
    const shown = chat.rooms.filter((room) => (query ? titleOf(room).toLocaleLowerCase().includes(query) : Boolean(room.archived) === archived));
    const open = openRoom();
    arrange(list, shown.map((room) => {
      const row = rows.get(room.name) ?? chatRow(room);
      rows.set(room.name, row);
      row.update(room.name === open);
      return row.element;
    }));
    const others = chat.rooms.filter((room) => room.archived);
    archivedLink.hidden = archived || Boolean(query) || others.length === 0;
    setText(archivedLink.lastChild, String(others.length));
    drawNote(note, { chat, query, archived, shown, start: () => search.focus() });
  };
  const redraw = coalesced(draw);

  findPeople({ chat, search, people });
  search.addEventListener("input", redraw);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !search.value) return;
    event.stopPropagation();
    search.value = "";
    search.dispatchEvent(new Event("input"));
  });
  for (const name of ["change", "rooms", "connection"]) chat.addEventListener(name, redraw, { signal });
  const minute = setInterval(redraw, 60_000);
  signal.addEventListener("abort", () => clearInterval(minute));
  window.addEventListener("hashchange", () => {
    if (openRoom() && search.value) {
      search.value = "";
      search.dispatchEvent(new Event("input"));
    }
    redraw();
  }, { signal });
  draw();

  return h(
    "section",
    { class: "panel", "aria-label": archived ? "Archived chats" : "Chats" },
    archived ? panelHeader("Archived") : header({ chat, search, logOut }),
    !archived && h("div", { class: "search" }, icon("search"), search),
    h("div", { class: "panel-body" }, archivedLink, list, people, note),
  );
}

/** The head of a panel that leads back to the chats. */
export function panelHeader(title, back = "#/") {
  return h("header", { class: "panel-header" }, h("a", { class: "icon-button", href: back, "aria-label": "Back to chats", title: "Back to chats" }, icon("back")), h("h1", {}, title));
}

function header({ chat, search, logOut }) {
  const go = (hash) => () => (location.hash = hash);
  return h(
    "header",
    { class: "panel-header main" },
    h("a", { class: "own-avatar", href: "#/profile", "aria-label": "Your profile", title: "Your profile" }, avatar(nameOf(chat.me), chat.me?.id ?? "", "small")),
    h("h1", {}, "Chats"),
    iconButton("compose", "New chat", { onclick: () => search.focus() }),
    menuButton("more", "Menu", () => [
      { icon: "person", label: "Profile", action: go("#/profile") },
      { icon: "devices", label: "Devices", action: go("#/devices") },
      { icon: "archive", label: "Archived chats", action: go("#/archived") },
      { icon: "exit", label: "Log out", danger: true, action: () => confirmLogOut(logOut) },
    ]),
  );
}

async function confirmLogOut(logOut) {
  const answer = await ask("Log out?", "Your chats stay on the server. To see them here again you need a new code.", [{ label: "Log out", value: "yes", danger: true }]);
  if (answer) logOut();
}

function drawNote(note, { chat, query, archived, shown, start }) {
  const kind = noteKind({ chat, query, archived, shown });
  if (note.dataset.kind === kind) return;
  note.dataset.kind = kind;
  const notes = {
    none: () => [],
    loading: () => Array.from({ length: 6 }, () => h("div", { class: "skeleton", "aria-hidden": "true" }, h("span", { class: "bone round" }), h("span", { class: "bones" }, h("span", { class: "bone" }), h("span", { class: "bone short" })))),
    archived: () => [emptyState("archive", "No archived chats", "Chats that you archive are kept here.")],
    first: () => [emptyState("talk", "No chats yet", "Find someone by name or username and write the first message.", h("button", { type: "button", class: "primary", onclick: start }, "Find someone"))],
    search: () => [h("p", { class: "quiet-note" }, "No chat with that name.")],
  };
  note.replaceChildren(...notes[kind]());
}

function noteKind({ chat, query, archived, shown }) {
  if (shown.length) return "none";
  if (query) return "search";
  if (archived) return "archived";
  if (chat.rooms.length) return "none";
  return chat.connection === "online" ? "first" : "loading";
}

/** Asks the server for people while one types, the last question only. */
function findPeople({ chat, search, people }) {
  let timer;
  let asked = "";
  const show = (...children) => people.replaceChildren(h("h2", { class: "list-heading" }, "People"), ...children);
  const find = async (query) => {
    try {
      const found = await chat.search(query);
      if (asked !== query) return;
      if (found.length) show(h("ul", { class: "rows" }, found.map((user) => personRow(chat, user))));
      else show(h("p", { class: "quiet-note" }, "Nobody by that name."));
    } catch (problem) {
      if (asked === query) show(h("p", { class: "quiet-note" }, wordsFor(problem)));
    }
  };
  search.addEventListener("input", () => {
    const query = search.value.trim();
    clearTimeout(timer);
    people.hidden = query.length < SHORTEST_SEARCH;
    if (people.hidden || query !== asked) people.replaceChildren();
    asked = query;
    if (!people.hidden) timer = setTimeout(find, SEARCH_DELAY, query);
  });
}

function personRow(chat, user) {
  const open = async () => {
    try {
      location.hash = `#/room/${(await chat.open(user.username)).name}`;
    } catch (problem) {
      toast(wordsFor(problem));
    }
  };
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "row", onclick: open },
      avatar(nameOf(user), user.id),
      h("span", { class: "row-body" }, h("span", { class: "row-title", dir: "auto" }, nameOf(user)), h("span", { class: "row-last" }, `@${user.username}`)),
    ),
  );
}
