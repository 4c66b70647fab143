/** The start of the page: who is there decides what is shown. */

import { ChatClient } from "../chatclient/index.js";
import { shell } from "./views/shell.js";
import { signIn } from "./views/signin.js";

const options = JSON.parse(document.querySelector('meta[name="chat-options"]').content || "{}");
const app = document.getElementById("app");
const chat = new ChatClient({ baseUrl: location.origin, ...options.client });
let life = null;

function show(make) {
  life?.abort();
  life = new AbortController();
  app.replaceChildren(make(life.signal));
}

function showSignIn(notice) {
  document.title = "Chat";
  show(() => signIn({ chat, mailbox: options.mailbox, notice, done: showChats }));
}

function showChats() {
  show((signal) => shell({ chat, signal, logOut }));
  chat.start().catch(() => {}); // the session is over, which "signedout" has said
}

let leaving = false;

async function logOut() {
  leaving = true;
  try {
    await chat.logout();
  } finally {
    leaving = false;
    location.hash = "#/";
    if (!chat.signedIn) showSignIn();
  }
}

chat.addEventListener("signedout", () => {
  if (!leaving) showSignIn("You were logged out on this device.");
});

window.addEventListener("storage", () => {
  if (!chat.signedIn && new ChatClient({ baseUrl: location.origin }).signedIn) location.reload(); // in another tab
});

if (chat.signedIn) showChats();
else showSignIn();
