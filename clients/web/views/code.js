/** The step that proves an address: the code from the mail. */

import { h, icon, setText } from "../dom.js";
import { field, form, wordsFor } from "./form.js";

const LENGTH = 6;

/** The elements of the code's screen. */
export function codeForm({ chat, challenge, mailbox, back, done }) {
  let current = challenge;
  const code = field("Code", {
    name: "code",
    class: "input code-input",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    pattern: "[0-9]*",
    maxlength: LENGTH,
    required: true,
  });
  const view = form({
    fields: [code],
    action: "Continue",
    submit: async (values) => {
      try {
        await chat.verify({ challenge: current, code: values.code.trim(), device_name: deviceName() });
      } catch (problem) {
        code.input.select();
        throw asFieldError(problem);
      }
      done();
    },
  });
  code.input.addEventListener("input", () => {
    code.input.value = code.input.value.replace(/\D/gu, "");
    if (code.input.value.length === LENGTH) view.element.requestSubmit();
  });
  const again = resender(async () => {
    current = { ...current, ...(await chat.resend(current)) };
    code.input.value = "";
    code.input.focus();
    return current;
  }, current);
  return [
    h("h1", {}, "Check your mail"),
    h("p", { class: "lead" }, "We sent a code to ", h("strong", {}, current.sent_to), "."),
    mailbox && h("p", { class: "notice" }, icon("mail"), h("span", {}, "This is a development server: codes arrive in ", h("a", { href: mailbox, target: "_blank", rel: "noopener" }, "its mailbox"), ".")),
    view.element,
    h("p", { class: "other-way" }, again, h("button", { type: "button", class: "link", onclick: back }, "Back")),
  ].filter(Boolean);
}

/** A button that asks for another code, as soon as the server would give one. */
function resender(resend, challenge) {
  const label = h("span", {});
  const problem = h("span", { class: "field-error", role: "alert" });
  const button = h("button", { type: "button", class: "link" }, label);
  let readyAt = new Date(challenge.resend_at).getTime();
  const count = () => {
    const seconds = Math.ceil((readyAt - Date.now()) / 1000);
    button.disabled = seconds > 0;
    setText(label, seconds > 0 ? `Send again in ${seconds} s` : "Send again");
    if (seconds > 0) setTimeout(() => button.isConnected && count(), 1000);
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    setText(problem, "");
    try {
      readyAt = new Date((await resend()).resend_at).getTime();
      setText(problem, "");
    } catch (error) {
      setText(problem, wordsFor(error));
      readyAt = Date.now() + (error.retryAfterMs ?? 0);
    }
    count();
  });
  queueMicrotask(count);
  return h("span", { class: "resend" }, button, problem);
}

/** A wrong code is said at the code, with the tries that are left. */
function asFieldError(problem) {
  if (problem?.code !== "invalid_code") return problem;
  const left = problem.problem?.attempts_left;
  const tries = left == null ? "" : left > 0 ? ` ${left} ${left === 1 ? "try" : "tries"} left.` : " No tries left: ask for another code.";
  return Object.assign(new Error(problem.detail), { code: problem.code, errors: [{ field: "code", message: `That is not the code.${tries}` }] });
}

/** "Chrome on Linux": what the list of devices calls this one. */
function deviceName() {
  const agent = navigator.userAgent;
  const browser = [["Edg/", "Edge"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]].find(([mark]) => agent.includes(mark));
  const system = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "Mac"], ["Linux", "Linux"]].find(([mark]) => agent.includes(mark));
  return `${browser?.[1] ?? "Browser"}${system ? ` on ${system[1]}` : ""}`;
}
