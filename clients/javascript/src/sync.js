import { sleep } from "./timing.js";

const PIECE = 500;
const AT_ONCE = 4;
/** After so many answers of `changes/` that were not all, the newest page is cheaper. */
const PATIENCE = 3;

/**
 * Keeps the store equal to the server: a bootstrap at the very first, then frames, and for whatever they did not bring
 * exactly that, from `changes/`.
 */
export class Sync {
  #filling = new Map();
  #fetching = new Map();
  #waiting = [];
  #active = 0;
  #renewing = null;
  #ownAsked = null;

  /** @param {any} chat the client, of which it uses `api`, `inbox`, `store` and what tells a change */
  constructor(chat) {
    this.chat = chat;
    this.stopped = false;
  }

  get #store() {
    return this.chat.store;
  }

  /** Takes all rooms, page by page; what was known before begins anew. */
  bootstrap() {
    this.#renewing ??= this.#bootstrap().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #bootstrap() {
    const store = this.#store;
    const seen = new Set();
    let page;
    let path = "sync/";
    do {
      page = await this.chat.api.post(path, {});
      for (const entry of Object.values(page.rooms)) {
        store.takeRoom(entry.room, entry.rev, entry.marks, { anew: true }).changed();
        seen.add(entry.room.room_name);
      }
      store.givenBadge = page.badge;
      path = page.next;
      this.chat.listChanged();
    } while (path !== null);
    for (const name of [...store.rooms.keys()]) if (!seen.has(name)) store.rooms.delete(name);
    Object.assign(store, { epoch: page.epoch, me: page.me.rev, isBegun: true });
    this.chat.listChanged();
  }

  /** Finds out what was missed while there was no socket. */
  async resume(hello) {
    if (hello.data.epoch !== this.#store.epoch) await this.bootstrap();
    const entries = Object.entries(this.#store.numbers);
    while (entries.length > PIECE) await this.#resume(entries.splice(0, PIECE));
    await this.#resumeOwn(entries);
  }

  #resume(entries, me) {
    const body = { epoch: this.#store.epoch, rooms: Object.fromEntries(entries), ...(me !== undefined && { me }) };
    return this.chat.inbox.ask("resume", body);
  }

  async #resumeOwn(entries = []) {
    for (let rest = entries, complete = false; !complete; rest = []) {
      const ready = await this.#resume(rest, this.#store.me);
      if (ready.reset) return this.bootstrap();
      this.#store.reachedOwn(ready.me, (frame) => this.#takeOwn(frame));
      complete = ready.complete;
    }
    return undefined;
  }

  // Frames

  take(frame) {
    switch (frame.type) {
      case "heads":
        return this.#compare(frame.data.rooms, ({ timeline }, { rev, marks }) => rev !== timeline.rev || marks !== timeline.marks);
      case "heartbeat":
        return this.#takeHeartbeat(frame);
      case "typing.updated":
        return this.#store.rooms.get(frame.room)?.noteTyping(frame.data);
    }
    if (frame.me !== undefined) {
      if (!this.#store.applyOwn(frame, (own) => this.#takeOwn(own))) this.#askOwn();
    } else if (frame.room !== undefined && (frame.rev !== undefined || frame.marks !== undefined)) {
      this.#takeRoomFrame(frame);
    }
    return undefined;
  }

  #takeRoomFrame(frame) {
    const room = this.#store.rooms.get(frame.room);
    if (!room) return this.#fetch(frame.room, frame);
    if (!room.timeline.apply(frame)) this.#fill(room);
    room.changed();
    return undefined;
  }

  #takeOwn(frame) {
    if (frame.type === "user.updated") this.chat.takeProfile(frame.data);
    if (!frame.type.startsWith("conversation.")) return;
    if (frame.data.my.state === "member") this.#store.takeRoom(frame.data).changed();
    else this.#store.rooms.delete(frame.data.room_name);
    this.chat.listChanged();
  }

  #takeHeartbeat({ me, data }) {
    if (data.epoch !== this.#store.epoch) return this.bootstrap().catch(() => {});
    if (me > this.#store.me) this.#askOwn();
    return this.#compare(data.rooms, (room, numbers) => room.timeline.isBehind(numbers));
  }

  #compare(heads, differs) {
    for (const [name, numbers] of Object.entries(heads)) {
      const room = this.#store.rooms.get(name);
      if (!room) this.#fetch(name);
      else if (differs(room, numbers)) this.#fill(room);
    }
  }

  #askOwn() {
    this.#ownAsked ??= this.#resumeOwn()
      .catch(() => {}) // the next heartbeat or connection asks again
      .finally(() => (this.#ownAsked = null));
  }

  /** A room we do not know: frames that come while we ask are applied afterwards. */
  async #fetch(name, ...frames) {
    if (this.#fetching.has(name)) return this.#fetching.get(name).push(...frames);
    const kept = frames;
    this.#fetching.set(name, kept);
    try {
      const data = await this.chat.api.get(`conversations/${name}/`);
      if (data.my.state === "member") this.#store.takeRoom(data).changed();
    } catch {
      return undefined; // not ours, or away: its next frame asks again
    } finally {
      this.#fetching.delete(name);
    }
    if (this.#store.rooms.has(name)) for (const frame of kept) this.#takeRoomFrame(frame);
    return undefined;
  }

  // Gaps

  /** Fetches what a room lacks; a few rooms at a time. */
  #fill(room) {
    const known = this.#filling.get(room);
    if (known) {
      known.again = true;
      return;
    }
    this.#filling.set(room, { again: false });
    this.#waiting.push(room);
    this.#next();
  }

  #next() {
    while (this.#active < AT_ONCE && this.#waiting.length > 0) {
      const room = this.#waiting.shift();
      this.#active += 1;
      this.#fillOne(room).finally(() => {
        this.#active -= 1;
        this.#next();
      });
    }
  }

  async #fillOne(room) {
    const turn = this.#filling.get(room);
    try {
      for (let round = 1; (turn.again = false) || !(await this.#ask(room, round)) || turn.again; round += 1);
    } catch (error) {
      this.#filling.delete(room);
      if (error.retry !== "after" || this.stopped) return;
      await sleep(this.chat.timing.reconnectMin);
      if (!this.stopped && this.chat.inbox.isUp) this.#fill(room); // else the next connection asks
    }
    this.#filling.delete(room);
  }

  /** Asks once; whether that was everything. */
  async #ask(room, round) {
    const { timeline } = room;
    const { generation, rev, marks } = timeline;
    const answer = await this.chat.api.get(`${room.path}changes/`, { since: rev, marks, epoch: this.#store.epoch });
    if (timeline.generation !== generation) return !timeline.isBehind();
    if (answer.epoch !== this.#store.epoch) return this.bootstrap().then(() => true);
    if (answer.reset || (!answer.complete && round >= PATIENCE)) return room.takeAnew().then(() => true);
    timeline.catchUp(answer);
    room.changed();
    return answer.complete && (!timeline.isBehind() || round >= 2 * PATIENCE);
  }
}
