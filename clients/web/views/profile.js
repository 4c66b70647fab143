/** One's own profile. */

import { h } from "../dom.js";
import { nameOf } from "../format.js";
import { avatar } from "./avatar.js";
import { panelHeader } from "./chats.js";
import { toast } from "./dialogs.js";
import { field, form } from "./form.js";

export function profilePanel({ chat }) {
  const me = chat.me ?? {};
  const name = field("Your name", { name: "display_name", autocomplete: "name", maxlength: 64, value: me.display_name }, "Empty: your username is shown.");
  const about = field("About", { name: "about", maxlength: 140, value: me.about }, "A line about you.");
  const picture = h("div", { class: "profile-picture" }, avatar(nameOf(me), me.id ?? "", "large"));
  const view = form({
    fields: [name, about],
    action: "Save",
    submit: async (values) => {
      await chat.updateMe(values);
      picture.replaceChildren(avatar(nameOf(chat.me), me.id ?? "", "large"));
      toast("Saved.");
    },
  });
  return h(
    "section",
    { class: "panel", "aria-label": "Profile" },
    panelHeader("Profile"),
    h("div", { class: "panel-body padded" }, picture, view.element, facts(me)),
  );
}

function facts(me) {
  const known = [["Username", `@${me.username}`], ["Email", me.email], ["Mobile number", me.mobile_number]].filter(([, value]) => value);
  return h("dl", { class: "facts" }, known.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}
