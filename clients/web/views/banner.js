/** Says when the page is not connected; a short interruption is not worth a word. */

import { h, icon, setIcon, setText } from "../dom.js";

const PATIENCE = 1500;

const TOO_MANY_TABS = 4409;
const ELSEWHERE = ["talk", "The chat is open in other tabs. It goes on here when you come back to this one."];
const WORDS = {
  connecting: ["retry", "Connecting…"],
  offline: ["offline", "You are offline. What you write is sent when you are back."],
};

export function banner(chat, signal) {
  const text = h("span", {});
  const picture = icon("offline");
  const element = h("div", { class: "banner", role: "status", hidden: true }, picture, text);
  let timer;
  const show = () => {
    const words = chat.closeCode === TOO_MANY_TABS ? ELSEWHERE : WORDS[chat.connection];
    element.hidden = !words;
    if (!words) return;
    element.dataset.state = chat.connection;
    setIcon(picture, words[0]);
    setText(text, words[1]);
  };
  const change = () => {
    clearTimeout(timer);
    if (chat.connection === "online" || !element.hidden) show();
    else timer = setTimeout(show, PATIENCE);
  };
  chat.addEventListener("connection", change, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  change();
  return element;
}
