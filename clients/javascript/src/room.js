import { Timeline } from "./timeline.js";

const PAGE = 50;

/**
 * A conversation, as a page shows it. `change` is fired after any change, at most once per turn of the event loop.
 */
export class Room extends EventTarget {
  #chat;
  #typists = new Map();
  #typed = { state: "idle", at: 0 };
  #views = new WeakMap();
  #loading = null;
  #told = false;

  constructor(name, chat) {
    super();
    this.name = name;
    this.#chat = chat;
    this.timeline = new Timeline(chat.me.id);
    this.timeline.onPut = (message) => this.#arrived(message);
  }

  // What is shown

  get title() {
    return this.#data.title;
  }

  /** `direct` or `group`. */
  get kind() {
    return this.#data.kind;
  }

  /** The other person of a direct room: `{id, username, display_name}`; null in a group. */
  get peer() {
    return this.#data.peer;
  }

  /** The room as the server last gave it. */
  get data() {
    return this.#data;
  }

  get unreadCount() {
    return this.timeline.unreadCount;
  }

  get markedUnread() {
    return this.#data.my.marked_unread;
  }

  get pinned() {
    return this.#data.my.pinned_at !== null;
  }

  get archived() {
    return this.#data.my.archived;
  }

  get mutedUntil() {
    return this.#data.my.muted_until;
  }

  get isMuted() {
    return this.mutedUntil !== null && Date.parse(this.mutedUntil) > this.#chat.now();
  }

  get canSend() {
    return this.#data.my.can.send;
  }

  get lastActivityAt() {
    const waiting = this.#waiting.at(-1)?.createdAt ?? "";
    return waiting > this.timeline.lastActivityAt ? waiting : this.timeline.lastActivityAt;
  }

  /** The newest message, also one that is still on its way; null for none. */
  get lastMessage() {
    const waiting = this.#waiting.at(-1);
    const stored = this.timeline.messages.at(-1);
    if (waiting) return this.#pending(waiting);
    return stored ? this.#view(stored) : null;
  }

  /** The messages held, oldest first, then those that are not yet stored. */
  get messages() {
    const stored = this.timeline.messages.map((message) => this.#view(message));
    return [...stored, ...this.#waiting.map((item) => this.#pending(item))];
  }

  /** Whether there are older messages than those held. */
  get hasOlder() {
    return this.timeline.hasOlder;
  }

  /** Who is typing or recording: `[{user, state}]`. */
  get typists() {
    return [...this.#typists.values()].map(({ user, state }) => ({ user, state }));
  }

  // What can be done

  /** Says something. Returns at once; the message is shown as `pending` and is stored exactly once. */
  send(text, { replyTo = null, extra = null } = {}) {
    const createdAt = new Date(this.#chat.now()).toISOString();
    const item = this.#chat.outbox.add(this.name, { text, replyTo, extra }, createdAt);
    this.#typed = { state: "idle", at: 0 };
    this.changed();
    return this.#pending(item);
  }

  /** Tries a failed message again. */
  retry(clientId) {
    this.#chat.outbox.retry(this.name, clientId);
  }

  /** Gives up a message that is not stored. */
  discard(clientId) {
    this.#chat.outbox.discard(this.name, clientId);
  }

  /** Says that everything up to `seq` was read; without it, everything there is. */
  markRead(seq = this.timeline.head) {
    const { timeline } = this;
    const reached = Math.min(seq, timeline.head);
    if (reached <= timeline.readMark && !this.markedUnread) return;
    this.#chat.marks.read(this.name, reached, this.markedUnread);
    timeline.readMark = Math.max(timeline.readMark, reached);
    this.#takeMine({ marked_unread: false });
  }

  /** Fetches the page before the oldest message held. Resolves with whether there are still older ones. */
  async loadOlder(limit = PAGE) {
    this.#loading ??= this.#loadOlder(limit).finally(() => (this.#loading = null));
    await this.#loading;
    return this.hasOlder;
  }

  /** Shows the others that the user is `typing`, `recording` or `idle`. Call it with every key: few frames leave. */
  setTyping(state = "typing") {
    const now = Date.now();
    const isNews = state !== this.#typed.state;
    const isDue = state !== "idle" && now - this.#typed.at > this.#chat.typingMs / 2;
    if (!isNews && !isDue) return;
    this.#typed = { state, at: now };
    this.#chat.inbox.say("typing", { state }, this.name);
  }

  /** Changes own settings `{pinned, archived, muted_until, marked_unread}` or the shared part. */
  async update(changes) {
    this.take(await this.#chat.api.patch(`${this.path}`, changes));
  }

  /** Empties the room for the user alone. */
  async clear() {
    await this.#chat.api.delete(this.path);
    this.take(await this.#chat.api.get(this.path));
    if (this.timeline.head === 0) this.#chat.forget(this);
  }

  // For the client

  get path() {
    return `conversations/${this.name}/`;
  }

  get isPending() {
    return this.#waiting.length > 0;
  }

  /** Keeps the room as the server gave it. */
  take(data) {
    this.timeline.take(data);
    this.changed();
  }

  /** Takes the room anew, because its numbers mean nothing any more; a page of it when more than that was held. */
  async takeAnew() {
    const held = this.timeline.messages.length;
    this.timeline.begin(await this.#chat.api.get(this.path));
    this.changed();
    if (held > 1) await this.loadOlder();
  }

  /** Somebody types, records or stopped. It ends by itself when nothing more is heard. */
  noteTyping({ user, state }) {
    this.#stopTyping(user.id);
    if (state !== "idle") {
      const timer = setTimeout(() => this.#stopTyping(user.id) && this.changed(), this.#chat.typingMs);
      this.#typists.set(user.id, { user, state, timer });
    }
    this.changed();
  }

  /** Fires `change` soon, and lets the client do the same for the list. */
  changed() {
    this.#chat.listChanged();
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      this.dispatchEvent(new Event("change"));
    });
  }

  get #data() {
    return this.timeline.room;
  }

  get #waiting() {
    return this.#chat.outbox.of(this.name);
  }

  #takeMine(changes) {
    this.take({ ...this.#data, my: { ...this.#data.my, ...changes } });
  }

  #stopTyping(userId) {
    clearTimeout(this.#typists.get(userId)?.timer);
    return this.#typists.delete(userId);
  }

  async #loadOlder(limit) {
    const { generation, from } = this.timeline;
    if (!this.hasOlder) return;
    const page = await this.#chat.api.get(`${this.path}messages/`, { before: from, limit });
    if (this.timeline.generation !== generation) return;
    this.timeline.putOlder(page.results, page.next !== null);
    this.changed();
  }

  /** A message was stored, wherever we know it from: ours leaves the outbox, another's is delivered. */
  #arrived(message) {
    if (message.sender.id === this.timeline.me) {
      this.#chat.outbox.settle(this.name, message.client_id);
    } else {
      this.#stopTyping(message.sender.id);
      if (message.seq > this.timeline.readMark) this.#chat.marks.delivered(this.name, message.seq);
    }
  }

  /** The same object as long as nothing about the message changes. */
  #view(message) {
    const own = message.sender.id === this.timeline.me;
    const state = own ? this.#tick(message.seq) : "sent";
    let view = this.#views.get(message);
    if (view?.state !== state) {
      view = {
        id: message.id,
        seq: message.seq,
        clientId: message.client_id,
        kind: message.kind,
        sender: message.sender,
        text: message.text,
        replyTo: message.reply_to,
        extra: message.extra,
        createdAt: message.created_at,
        editedAt: message.edited_at,
        deletedAt: message.deleted_at,
        own,
        state,
        data: message,
      };
      this.#views.set(message, view);
    }
    return view;
  }

  #pending({ clientId, text, replyTo, extra, createdAt, state, error }) {
    const { id, username, display_name } = this.#chat.me;
    const sender = { id, username, display_name };
    const quoted = replyTo && this.timeline.messages.find((message) => message.id === replyTo);
    const reply = quoted ? { id: quoted.id, seq: quoted.seq, sender: quoted.sender, text: quoted.text, kind: quoted.kind } : null;
    const gone = { editedAt: null, deletedAt: null };
    return { clientId, kind: "text", sender, text, replyTo: reply, extra, createdAt, ...gone, own: true, state, error };
  }

  #tick(seq) {
    const { others } = this.timeline;
    const alone = this.kind === "direct" && this.peer?.id === this.timeline.me;
    if (alone || seq <= others.read_seq) return "read";
    return seq <= others.delivered_seq ? "delivered" : "sent";
  }
}
