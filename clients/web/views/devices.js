/** Where one is logged in, and how to end that. */

import { h, icon } from "../dom.js";
import { ago } from "../format.js";
import { panelHeader } from "./chats.js";
import { ask, toast } from "./dialogs.js";
import { wordsFor } from "./form.js";

export function devicesPanel({ chat }) {
  const list = h("ul", { class: "devices", "aria-busy": "true" });
  const load = async () => {
    try {
      const sessions = await chat.sessions();
      list.replaceChildren(...sessions.sort((one, other) => other.current - one.current).map((session) => device(chat, session, load)));
    } catch (problem) {
      list.replaceChildren(h("li", { class: "quiet-note" }, wordsFor(problem)));
    }
    list.removeAttribute("aria-busy");
  };
  load();
  return h(
    "section",
    { class: "panel", "aria-label": "Devices" },
    panelHeader("Devices"),
    h("div", { class: "panel-body padded" }, h("p", { class: "lead" }, "You are logged in on these devices. End a session that you do not know."), list),
  );
}

function device(chat, session, reload) {
  const name = session.device_name || "Unnamed device";
  const end = async () => {
    const answer = await ask(`Log out ${name}?`, "It has to log in again with a new code.", [{ label: "Log out", value: "yes", danger: true }]);
    if (!answer) return;
    try {
      await chat.endSession(session.id);
    } catch (problem) {
      toast(wordsFor(problem));
    }
    await reload();
  };
  const used = session.current ? "This device" : `Last used ${ago(session.last_used_at)}`;
  return h(
    "li",
    { class: "device" },
    h("span", { class: "avatar plain" }, icon("devices")),
    h("span", { class: "row-body" }, h("span", { class: "row-title" }, name), h("span", { class: "row-last" }, [used, session.address].filter(Boolean).join(" · "))),
    !session.current && h("button", { type: "button", class: "secondary small", "aria-label": `Log out ${name}`, onclick: end }, "Log out"),
  );
}
