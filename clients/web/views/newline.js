/** The line above the first new message. It stays while one reads, and goes when one writes or leaves. */

import { h } from "../dom.js";

export class NewLine {
  #room;
  #seq = null;
  #count;
  #head;
  #seen = false;

  constructor(room) {
    this.#room = room;
    this.element = h("li", { class: "divider" }, h("span", {}, "New messages"));
    this.#expect();
  }

  /** How many messages below the line are still to be found; they may not have been fetched yet. */
  get awaited() {
    return this.#seq === null ? this.#count : 0;
  }

  /** Finds the place. `watched`: the newest messages are in view, so those that come now need no line. */
  place(messages, { watched }) {
    if (this.#seen && !watched && this.#room.unreadCount) {
      this.#seq = null;
      this.#seen = false;
      this.#expect();
    }
    if (this.#seq !== null || !this.#count) return;
    let left = this.#count;
    for (let at = messages.length - 1; at >= 0; at--) {
      const { own, seq } = messages[at];
      if (own || seq === undefined || seq > this.#head) continue;
      left -= 1;
      if (left === 0) this.#seq = seq;
      if (left === 0) return;
    }
  }

  isAbove(message) {
    return this.#seq !== null && message.seq === this.#seq;
  }

  /** Where the first new message is, or the end. */
  indexIn(messages) {
    const at = this.#seq === null ? -1 : messages.findIndex((message) => this.isAbove(message));
    return at < 0 ? messages.length : at;
  }

  /** What comes from now on is new again. */
  wasSeen() {
    this.#seen = true;
  }

  remove() {
    this.#seq = null;
    this.#count = 0;
    this.#seen = true;
  }

  /** What is unread now belongs below the line. */
  #expect() {
    this.#count = this.#room.unreadCount;
    this.#head = this.#room.messages.findLast((message) => message.seq !== undefined)?.seq ?? 0;
  }
}
