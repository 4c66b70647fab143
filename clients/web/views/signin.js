/** Logging in and creating an account; both end with the code that was mailed. */

import { h } from "../dom.js";
import { codeForm } from "./code.js";
import { field, form } from "./form.js";

const WAITING = "chat:challenge";

/** The screen of somebody who is not signed in. `done` is called when the session has begun. */
export function signIn({ chat, mailbox, notice, done }) {
  const body = h("div", { class: "signin-body" });
  const show = (...children) => {
    body.replaceChildren(...children);
    body.querySelector("input")?.focus();
  };

  const askForCode = (challenge, back) => {
    remember(challenge);
    const forget = () => {
      remember(null);
      back();
    };
    show(...codeForm({ chat, challenge, mailbox, back: forget, done: finish }));
  };

  const finish = () => {
    remember(null);
    done();
  };

  const logIn = () => {
    const view = form({
      fields: [
        field("Email or username", { name: "login", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true }),
        field("Password", { name: "password", type: "password", autocomplete: "current-password", required: true }),
      ],
      action: "Log in",
      submit: async (values) => askForCode(await chat.login(values), logIn),
    });
    show(heading("Welcome back"), view.element, other("New here?", "Create an account", register));
  };

  const register = () => {
    const view = form({
      fields: [
        field("Your name", { name: "display_name", autocomplete: "name", maxlength: 64 }, "How others see you."),
        field("Username", { name: "username", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true }, "Others can find you by it."),
        field("Email", { name: "email", type: "email", autocomplete: "email", required: true }, "A code is sent there; nobody else sees it."),
        field("Password", { name: "password", type: "password", autocomplete: "new-password", required: true }, "At least 8 characters."),
      ],
      action: "Create account",
      submit: async (values) => askForCode(await chat.register(withoutBlanks(values)), register),
    });
    show(heading("Create your account"), view.element, other("Already have an account?", "Log in", logIn));
  };

  const waiting = recall();
  if (waiting) askForCode(waiting, logIn);
  else logIn();
  return h(
    "main",
    { class: "signin" },
    h("div", { class: "signin-card" }, brand(), notice && h("p", { class: "notice", role: "status" }, notice), body),
  );
}

function brand() {
  return h("p", { class: "brand" }, h("img", { src: "/clients/web/icon.svg", alt: "", width: 36, height: 36 }), "Chat");
}

function heading(text) {
  return h("h1", {}, text);
}

function other(question, label, onclick) {
  return h("p", { class: "other-way" }, question, " ", h("button", { type: "button", class: "link", onclick }, label));
}

function withoutBlanks(values) {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => name === "password" || value.trim()));
}

/** A challenge outlives a reload of its tab: people switch to their mail and back. */
function remember(challenge) {
  if (challenge) sessionStorage.setItem(WAITING, JSON.stringify(challenge));
  else sessionStorage.removeItem(WAITING);
}

function recall() {
  try {
    const challenge = JSON.parse(sessionStorage.getItem(WAITING));
    return challenge && new Date(challenge.expires_at) > new Date() ? challenge : null;
  } catch {
    return null;
  }
}
