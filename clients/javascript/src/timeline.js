/**
 * What a device knows of one room, and the rules by which frames change it. No I/O.
 *
 * The cursor (`rev`, `marks`) says up to where the room's frames were applied. Only frames in order move it: what comes
 * from beyond a gap waits until the gap is filled. The messages held are those from `from` up to the newest.
 */
export class Timeline {
  #rows = new Map();
  #ahead = new Map();
  #marksAhead = new Set();
  #ordered = null;
  #gone = 0;
  #atStart = false;

  /** @param {string} me the own user id */
  constructor(me) {
    this.me = me;
    /** The room as last given by the server. */
    this.room = null;
    this.rev = 0;
    this.marks = 0;
    /** The lowest `seq` of the messages held. */
    this.from = 1;
    /** The newest `seq` known of. */
    this.head = 0;
    /** The own read mark as far as this device knows; never goes back. */
    this.readMark = 0;
    /** The others' lowest marks. */
    this.others = { delivered_seq: 0, read_seq: 0 };
    /** Counts the beginnings: an answer to a question of an earlier one is void. */
    this.generation = 0;
    /** Called with every message that is kept. */
    this.onPut = (message) => message;
  }

  /** Starts anew with a room as it was given: at first sight, and after a `reset`. */
  begin(room, rev = room.rev, marks = room.marks) {
    this.generation += 1;
    this.rev = rev;
    this.marks = marks;
    this.#rows.clear();
    this.#ahead.clear();
    this.#marksAhead.clear();
    this.#atStart = false;
    this.head = 0;
    this.from = room.last_message?.seq ?? room.seq + 1;
    this.others = { delivered_seq: 0, read_seq: 0 };
    this.take(room);
  }

  /** Keeps the room as the server sees it now: settings, unread count, last message. Moves no cursor. */
  take(room) {
    this.room = room;
    this.#gone = 0;
    this.head = Math.max(this.head, room.seq);
    this.readMark = Math.max(this.readMark, room.my.last_read_seq);
    this.#takeMarks(room.others);
    this.#forgetBelow(room.my.first_visible_seq);
    if (room.last_message) this.put(room.last_message);
  }

  /** Applies a frame of the room; false when it shows that something before it is missing. */
  apply(frame) {
    if (frame.prev !== undefined) return this.#applyDurable(frame);
    if (frame.marks !== undefined) return this.#applyReceipt(frame);
    return true;
  }

  /** Whether the server has more than this, or than what waits beyond a gap. */
  isBehind({ rev = 0, marks = 0 } = {}) {
    return rev > this.rev || marks > this.marks || this.#ahead.size > 0 || this.#marksAhead.size > 0;
  }

  /** Applies an answer of `changes/` to a question asked at `since`. */
  catchUp(answer) {
    for (const frame of answer.changes) this.apply(frame);
    for (const frame of answer.receipts) this.#takeReceipt(frame.data);
    this.rev = Math.max(this.rev, answer.rev);
    this.marks = Math.max(this.marks, answer.marks);
    this.#drain();
  }

  /** Keeps a message that came by any way: the higher `rev` wins. */
  put(message) {
    const known = this.#rows.get(message.seq);
    if (known && known.rev > message.rev) return;
    if (message.deleted_at && !known?.deleted_at) this.#noteDeleted(message);
    // A frame has no `mine`: what REST gave of it stays.
    this.#rows.set(message.seq, { ...known, ...message });
    this.head = Math.max(this.head, message.seq);
    while (this.#rows.has(this.from - 1)) this.from -= 1;
    this.#ordered = null;
    this.onPut(message);
  }

  /** What has to be kept to go on later from here: the cursor and the newest messages. */
  snapshot(limit = 50) {
    const { room, rev, marks, readMark, others } = this;
    return { room, rev, marks, readMark, others, messages: this.messages.slice(-limit) };
  }

  /** Goes on from a snapshot, after `begin` with its numbers. */
  restore({ messages, readMark, others }) {
    this.readMark = Math.max(this.readMark, readMark);
    this.#takeMarks(others);
    for (const message of messages) this.put(message);
    this.from = Math.min(this.from, ...messages.map((message) => message.seq));
    this.#ordered = null;
  }

  /** Keeps a page of older messages. @param {boolean} more whether there are still older ones */
  putOlder(messages, more) {
    for (const message of messages) this.put(message);
    this.from = Math.min(this.from, ...messages.map((message) => message.seq));
    this.#atStart = !more;
    this.#ordered = null;
  }

  /** The messages held, in the order of the room. */
  get messages() {
    this.#ordered ??= [...this.#rows.values()]
      .filter((message) => message.seq >= this.from)
      .sort((one, other) => one.seq - other.seq);
    return this.#ordered;
  }

  get hasOlder() {
    return !this.#atStart && this.from > this.room.my.first_visible_seq;
  }

  /** Whether the room belongs in the list: one that was cleared comes back with its next message. */
  get isListed() {
    const { state, first_visible_seq: first } = this.room.my;
    return state === "member" && (this.head === 0 || this.head >= first);
  }

  get lastActivityAt() {
    const newest = this.#rows.get(this.head)?.created_at ?? "";
    return newest > this.room.last_activity_at ? newest : this.room.last_activity_at;
  }

  /** Counted from the messages where all unread ones are held; else from what the server counted last. */
  get unreadCount() {
    const first = Math.max(this.readMark + 1, this.room.my.first_visible_seq);
    let count = 0;
    let seq = this.head;
    for (; seq >= first && this.#rows.has(seq); seq -= 1) count += this.#counts(this.#rows.get(seq));
    return seq < first ? count : this.#estimate();
  }

  #estimate() {
    const { seq, my } = this.room;
    const moved = this.readMark > my.last_read_seq;
    const given = moved ? Math.min(my.unread_count, Math.max(0, seq - this.readMark)) : my.unread_count;
    const news = this.messages.filter((message) => message.seq > Math.max(seq, this.readMark) && this.#counts(message));
    return Math.max(0, given - this.#gone) + news.length;
  }

  #counts(message) {
    return message.sender.id !== this.me && message.kind !== "system" && !message.deleted_at;
  }

  #noteDeleted(message) {
    const wasCounted = message.seq > this.readMark && message.seq <= this.room.seq && message.sender.id !== this.me;
    if (wasCounted && message.rev > this.room.rev) this.#gone += 1;
  }

  #applyDurable(frame) {
    if (frame.rev <= this.rev) return true;
    if (frame.prev > this.rev) {
      this.#ahead.set(frame.prev, frame);
      return false;
    }
    this.#advance(frame);
    this.#drain();
    return true;
  }

  #advance(frame) {
    this.rev = frame.rev;
    if (frame.type.startsWith("message.")) this.put(frame.data);
    else if (frame.type === "room.updated") this.room = { ...this.room, ...frame.data };
  }

  /** Applies what waited beyond a gap that is filled now. */
  #drain() {
    for (const prev of [...this.#ahead.keys()].sort((one, other) => one - other)) {
      if (prev > this.rev) break;
      const frame = this.#ahead.get(prev);
      this.#ahead.delete(prev);
      if (frame.rev > this.rev) this.#advance(frame);
    }
    for (const marks of [...this.#marksAhead].sort((one, other) => one - other)) {
      if (marks > this.marks + 1) break;
      this.#marksAhead.delete(marks);
      this.marks = Math.max(this.marks, marks);
    }
  }

  /** Marks only grow, so a receipt may be applied whenever it comes; its number waits for those before it. */
  #applyReceipt(frame) {
    this.#takeReceipt(frame.data);
    if (frame.marks <= this.marks) return true;
    this.#marksAhead.add(frame.marks);
    this.#drain();
    return this.marks >= frame.marks;
  }

  #takeReceipt(receipt) {
    if (receipt.user?.id === this.me) this.readMark = Math.max(this.readMark, receipt.read_seq);
    else this.#takeMarks(receipt);
  }

  #takeMarks({ delivered_seq, read_seq }) {
    this.others = {
      delivered_seq: Math.max(this.others.delivered_seq, delivered_seq),
      read_seq: Math.max(this.others.read_seq, read_seq),
    };
  }

  #forgetBelow(first) {
    if (this.from >= first) return;
    for (const seq of this.#rows.keys()) if (seq < first) this.#rows.delete(seq);
    this.from = first;
    this.#ordered = null;
  }
}
