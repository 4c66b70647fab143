import { Api } from "./api.js";
import { signedOut } from "./errors.js";
import { Inbox } from "./inbox.js";
import { Marks } from "./marks.js";
import { Outbox } from "./outbox.js";
import { Room } from "./room.js";
import { defaultStorage } from "./storage.js";
import { Store } from "./store.js";
import { Sync } from "./sync.js";
import { TIMING } from "./timing.js";

/**
 * One user on one device.
 *
 * Events: `change` (anything), `rooms` (the list), `connection`, `me` (the own profile), `signedout`.
 */
export class ChatClient extends EventTarget {
  #clockOffset = 0;
  #told = new Set();
  #renewal = null;
  #started = null;

  /**
   * @param {{baseUrl: string | URL, storage?: any, fetch?: any, WebSocket?: any, timing?: any}} options
   */
  constructor({ baseUrl, storage = defaultStorage(), fetch, WebSocket = globalThis.WebSocket, timing = {}, backoff }) {
    super();
    this.timing = { ...TIMING, ...(backoff && { reconnectMin: backoff.min, reconnectMax: backoff.max }), ...timing };
    this.api = new Api({ baseUrl, storage, fetch, timing: this.timing });
    this.store = new Store((name) => new Room(name, this));
    this.sync = new Sync(this);
    this.inbox = new Inbox({
      url: new URL("/ws/inbox/", String(baseUrl).replace(/^http/, "ws")).href,
      WebSocket,
      timing: this.timing,
      prepare: () => this.#prepare(),
      resume: (hello) => this.#resume(hello),
      refresh: (token) => this.session.refresh(token),
      onFrame: (frame) => this.sync.take(frame),
      onState: (state, code) => this.#connectionChanged(state, code),
    });
    this.marks = new Marks({ inbox: this.inbox, api: this.api, timing: this.timing });
    this.outbox = new Outbox({
      storage,
      timing: this.timing,
      send: (room, body) => this.#sendMessage(room, body),
      onChange: (name) => this.store.rooms.get(name)?.changed(),
    });
    this.limits = {};
    /** The close code after which the client does not come back by itself. */
    this.closeCode = undefined;
    this.session.addEventListener("change", () => this.#renewInTime());
    this.session.addEventListener("ended", () => this.#ended());
  }

  get session() {
    return this.api.session;
  }

  // Logging in: each of the first three answers with a challenge, and a code is on its way

  register(account) {
    return this.api.postOnce("accounts/register/", account, { auth: false });
  }

  login({ login, password }) {
    return this.api.postOnce("accounts/login/", { login, password }, { auth: false });
  }

  /** @param {any} challenge a challenge, or its id */
  resend(challenge) {
    return this.api.postOnce("accounts/challenges/resend/", { challenge: idOf(challenge) }, { auth: false });
  }

  /** Gives the code, and is logged in: the own profile. */
  async verify({ challenge, code, device_name }) {
    const body = { challenge: idOf(challenge), code, ...(device_name && { device_name }) };
    this.session.begin(await this.api.postOnce("accounts/login/verify/", body, { auth: false }));
    this.#tell("me", "change");
    return this.me;
  }

  /** Ends the session here, in all tabs, and on the server. */
  logout() {
    return this.#logout("accounts/logout/");
  }

  logoutEverywhere() {
    return this.#logout("accounts/logout/all/");
  }

  async #logout(path) {
    this.stop();
    try {
      await this.api.post(path);
    } catch (error) {
      if (error.status !== 401) throw error;
    } finally {
      this.outbox.forget();
      this.session.end();
    }
  }

  get signedIn() {
    return this.session.signedIn;
  }

  /** The own profile; null when nobody is logged in. */
  get me() {
    return this.session.pair?.user ?? null;
  }

  async updateMe(changes) {
    this.takeProfile(await this.api.patch("accounts/me/", changes));
    return this.me;
  }

  async sessions() {
    return this.#all("accounts/sessions/");
  }

  endSession(id) {
    return this.api.delete(`accounts/sessions/${encodeURIComponent(id)}/`);
  }

  // Rooms

  /** Begins: all rooms, then the socket. Resolves when the rooms are there; rejects when the session is over. */
  start() {
    if (!this.signedIn) return Promise.reject(signedOut());
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start() {
    this.sync.stopped = false;
    this.#renewInTime();
    this.outbox.start(this.me.id);
    const begun = this.#begun();
    this.inbox.start();
    await begun;
  }

  /** Ends the connection; what waits to be sent stays. */
  stop() {
    this.#started = null;
    this.sync.stopped = true;
    clearTimeout(this.#renewal);
    this.outbox.stop();
    this.inbox.stop();
  }

  /** `offline`, `connecting` or `online`. */
  get connection() {
    return this.inbox.state;
  }

  /** The rooms as a list shows them: pinned ones first, then by activity. */
  get rooms() {
    return this.store.sorted;
  }

  room(name) {
    return this.store.rooms.get(name);
  }

  /** Unread messages in rooms that are neither muted nor archived. */
  get badge() {
    return this.store.badge;
  }

  /** The one direct room with somebody, by username or id. */
  async open(user) {
    const room = this.store.takeRoom(await this.api.post("conversations/", { user }));
    room.changed();
    return room;
  }

  /** People by the start of a name, or a whole address or number. */
  async search(text) {
    return (await this.api.get("users/", { search: text })).results;
  }

  /** What has to be kept to begin later where this device stands now. */
  snapshot() {
    const { epoch, me, rooms } = this.store;
    const kept = [...rooms.values()].map(({ timeline }) => timeline.snapshot());
    return { user: this.me?.id, epoch, me, rooms: kept };
  }

  /** Begins with a snapshot, before `start`: only what happened since is fetched. False for somebody else's. */
  restore(snapshot) {
    if (!snapshot || snapshot.user !== this.me?.id) return false;
    for (const kept of snapshot.rooms) this.store.takeRoom(kept.room, kept.rev, kept.marks).timeline.restore(kept);
    Object.assign(this.store, { epoch: snapshot.epoch, me: snapshot.me, isBegun: true });
    this.listChanged();
    return true;
  }

  // For the parts

  /** Now, by the server's clock. */
  now() {
    return Date.now() + this.#clockOffset;
  }

  get typingMs() {
    return (this.limits.typing_seconds ?? 6) * 1000;
  }

  takeProfile(user) {
    this.session.keepUser(user);
    this.#tell("me", "change");
  }

  listChanged() {
    this.#tell("rooms", "change");
  }

  forget(room) {
    this.store.rooms.delete(room.name);
    this.listChanged();
  }

  async #begun() {
    while (!this.store.isBegun) {
      await new Promise((resolve) => this.addEventListener("change", resolve, { once: true }));
      if (!this.signedIn) throw signedOut();
      if (this.sync.stopped) return;
    }
  }

  async #prepare() {
    if (!this.store.isBegun) await this.sync.bootstrap();
    if (this.session.expiresAt < this.now() && this.#clockOffset) await this.session.refresh(this.session.access);
    return this.session.access;
  }

  async #resume(hello) {
    this.#clockOffset = Date.parse(hello.data.server_time) - Date.now();
    this.limits = hello.data.limits;
    await this.sync.resume(hello);
  }

  /** Over the socket while it is up, else over REST; once, because the outbox repeats, and at once when it is up again. */
  async #sendMessage(room, body) {
    if (!this.inbox.isUp) await this.#socketWithin(this.timing.restAfter);
    const message = this.inbox.isUp
      ? await this.inbox.ask("message.send", body, room)
      : await this.api.postOnce(`conversations/${room}/messages/`, body);
    const known = this.store.rooms.get(room);
    known?.timeline.put(message);
    known?.changed();
  }

  #socketWithin(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(), ms);
      const look = () => (this.inbox.isUp || this.sync.stopped) && done();
      const done = () => {
        clearTimeout(timer);
        this.removeEventListener("connection", look);
        resolve();
      };
      this.addEventListener("connection", look);
    });
  }

  #connectionChanged(state, code) {
    if (state === "online") {
      this.marks.flush();
      this.outbox.wake();
    }
    this.closeCode = code;
    this.#tell("connection", "change");
  }

  /** Renews the access token a little before its end, so that no call has to wait for it. */
  #renewInTime() {
    clearTimeout(this.#renewal);
    if (!this.signedIn || this.sync.stopped) return;
    const ms = Math.max(30_000, this.session.expiresAt - this.now() - this.timing.refreshAhead);
    this.#renewal = setTimeout(() => this.session.refresh(this.session.access).catch(() => {}), ms);
    this.#renewal.unref?.();
  }

  #ended() {
    this.stop();
    this.store.clear();
    this.outbox.clear();
    this.marks.clear();
    this.#tell("signedout", "rooms", "me", "change");
  }

  async #all(path) {
    const results = [];
    for (let next = path; next; ) {
      const page = await this.api.get(next);
      results.push(...page.results);
      next = page.next;
    }
    return results;
  }

  /** Fires events soon, each once. */
  #tell(...types) {
    if (this.#told.size === 0) {
      queueMicrotask(() => {
        const due = [...this.#told];
        this.#told.clear();
        for (const type of due) this.dispatchEvent(new Event(type));
      });
    }
    for (const type of types) this.#told.add(type);
  }
}

const idOf = (challenge) => challenge?.challenge ?? challenge;
