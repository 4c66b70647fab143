/** More rooms than this are told with one REST call instead of a frame each. */
const FRAMES_AT_ONCE = 5;

/**
 * What is told to the others: up to where messages have arrived, and up to where they were read. Collected for a
 * moment, so that only the newest mark is sent; kept until the server has it; never back.
 */
export class Marks {
  #wanted = { delivered: new Map(), read: new Map() };
  #told = { delivered: new Map(), read: new Map() };
  #timer = null;
  #busy = false;

  /** @param {{inbox: any, api: any, timing: any}} options */
  constructor({ inbox, api, timing }) {
    Object.assign(this, { inbox, api, timing });
  }

  delivered(room, seq) {
    this.#want("delivered", room, seq);
  }

  /** @param {boolean} [force] also when the mark does not move: it takes away a reminder to come back */
  read(room, seq, force = false) {
    if (force) this.#told.read.delete(room);
    this.#want("read", room, seq);
  }

  /** Sends what is due, now or when the socket is up again. */
  flush() {
    this.#timer ??= setTimeout(() => this.#send(), this.timing.marks);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = null;
    for (const marks of [this.#wanted, this.#told]) for (const map of Object.values(marks)) map.clear();
  }

  #want(kind, room, seq) {
    if (seq <= (this.#told[kind].get(room) ?? 0) || seq < (this.#wanted[kind].get(room) ?? 0)) return;
    this.#wanted[kind].set(room, seq);
    this.flush();
  }

  async #send() {
    this.#timer = null;
    if (this.#busy || !this.inbox.isUp) return;
    this.#busy = true;
    try {
      for (const [room, seq] of [...this.#wanted.read]) {
        await this.#tell("read", [[room, seq]], () => this.inbox.ask("read", { seq }, room));
        this.#note("delivered", room, seq);
      }
      const due = [...this.#wanted.delivered];
      if (due.length > FRAMES_AT_ONCE) {
        await this.#tell("delivered", due, () => this.api.post("delivered/", { rooms: Object.fromEntries(due) }));
      } else {
        for (const [room, seq] of due) {
          await this.#tell("delivered", [[room, seq]], () => this.inbox.ask("delivered", { seq }, room));
        }
      }
    } catch {
      if (this.inbox.isUp) setTimeout(() => this.flush(), this.timing.reconnectMin);
    } finally {
      this.#busy = false;
    }
    if (this.inbox.isUp && (this.#wanted.read.size || this.#wanted.delivered.size)) this.flush();
  }

  /** Throws when it has to be tried again. */
  async #tell(kind, marks, ask) {
    try {
      await ask();
    } catch (error) {
      if (error.retry !== "never") throw error;
    }
    for (const [room, seq] of marks) this.#note(kind, room, seq);
  }

  #note(kind, room, seq) {
    this.#told[kind].set(room, Math.max(seq, this.#told[kind].get(room) ?? 0));
    if ((this.#wanted[kind].get(room) ?? 0) <= seq) this.#wanted[kind].delete(room);
  }
}
