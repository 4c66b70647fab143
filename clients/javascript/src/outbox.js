import { uuid } from "./ids.js";
import { Slot } from "./storage.js";
import { backoff } from "./timing.js";

/**
 * What was said and is not yet acknowledged: in order per room, each under one `client_id` for ever, so that sending
 * again, on any way and from any tab, is harmless.
 */
export class Outbox {
  #queues = new Map();
  #working = new Set();
  #wakers = new Set();
  #slot;
  #send;
  #onChange;
  #timing;
  #user = "";
  #stopped = true;

  /**
   * @param {{storage: any, timing: any, send: (room: string, body: any) => Promise<any>,
   *   onChange: (room: string) => void}} options `send` resolves when the message is stored
   */
  constructor({ storage, timing, send, onChange }) {
    this.#slot = new Slot(storage, "chatclient.outbox");
    this.#send = send;
    this.#onChange = onChange;
    this.#timing = timing;
  }

  /** Begins to send what `user` says, and what is left from an earlier visit. */
  start(user) {
    this.#stopped = false;
    this.#user = user;
    for (const item of Object.values(this.#slot.read() ?? {})) {
      if (item.user === user && !this.#find(item.room, item.clientId)) this.#queue(item.room).push(item);
    }
    for (const room of this.#queues.keys()) this.#work(room);
  }

  /** Sends nothing any more; what waits stays. */
  stop() {
    this.#stopped = true;
    this.wake();
  }

  /** Forgets what is held here; what is stored comes back when the same user does. */
  clear() {
    this.#queues.clear();
    this.wake();
  }

  /** Forgets the user's messages for good. */
  forget() {
    this.#queues.clear();
    this.#save((items) => {
      for (const { clientId, user } of Object.values(items)) if (user === this.#user) delete items[clientId];
    });
  }

  /** Queues a message. @returns {any} the item, as it is shown until it is stored */
  add(room, { text, replyTo = null, extra = null }, createdAt) {
    const item = { clientId: uuid(), user: this.#user, room, text, replyTo, extra, createdAt, state: "pending" };
    this.#queue(room).push(item);
    this.#save((items) => (items[item.clientId] = item));
    this.#work(room);
    return item;
  }

  /** What is not yet stored in a room, oldest first. */
  of(room) {
    return this.#queues.get(room) ?? [];
  }

  /** The names of the rooms in which something waits. */
  get rooms() {
    return [...this.#queues.keys()].filter((room) => this.of(room).length > 0);
  }

  /** The message with that `client_id` is stored: by an ack, or because it came back to us. */
  settle(room, clientId) {
    if (!this.#find(room, clientId)) return;
    this.discard(room, clientId);
  }

  /** Takes a message out. One that is under way may still arrive. */
  discard(room, clientId) {
    this.#queues.set(room, this.of(room).filter((item) => item.clientId !== clientId));
    this.#save((items) => delete items[clientId]);
    this.#onChange(room);
  }

  /** Tries a failed message again, behind what was said since. */
  retry(room, clientId) {
    const item = this.#find(room, clientId);
    if (item?.state !== "failed") return;
    this.#queues.set(room, [...this.of(room).filter((other) => other !== item), item]);
    this.#mark(item, "pending");
    this.#work(room);
  }

  /** Something is different now: whoever waits to send again does so at once. */
  wake() {
    for (const waker of this.#wakers) waker();
  }

  #queue(room) {
    if (!this.#queues.has(room)) this.#queues.set(room, []);
    return this.#queues.get(room);
  }

  #find(room, clientId) {
    return this.of(room).find((item) => item.clientId === clientId);
  }

  /** Sends a room's messages one after the other, so that their order holds whatever happens on the way. */
  async #work(room) {
    if (this.#working.has(room)) return;
    this.#working.add(room);
    try {
      let failures = 0;
      for (let item; !this.#stopped && (item = this.of(room).find(({ state }) => state === "pending")); ) {
        failures = (await this.#try(room, item)) ? 0 : failures + 1;
        if (failures) await this.#pause(item.waitMs ?? backoff(this.#timing, failures - 1));
      }
    } finally {
      this.#working.delete(room);
    }
  }

  /** Whether the item is settled, one way or the other. */
  async #try(room, item) {
    try {
      await this.#send(room, body(item));
      this.settle(room, item.clientId);
      return true;
    } catch (error) {
      item.waitMs = error.retryAfterMs;
      if (error.retry && error.retry !== "never") return false;
      if (this.#stopped) return false;
      item.error = error;
      this.#mark(item, "failed");
      return true;
    }
  }

  #mark(item, state) {
    if (state === "pending") delete item.error;
    item.state = state;
    this.#save((items) => items[item.clientId] && (items[item.clientId] = { ...item, error: undefined }));
    this.#onChange(item.room);
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wakers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wakers.add(done);
    });
  }

  /** Read, change, write: other tabs keep their messages in the same place. */
  #save(change) {
    const items = this.#slot.read() ?? {};
    change(items);
    this.#slot.write(Object.keys(items).length ? items : null);
  }
}

function body({ clientId, text, replyTo, extra }) {
  return { client_id: clientId, text, ...(replyTo && { reply_to: replyTo }), ...(extra && { extra }) };
}
