/**
 * The rooms of one user and the user's own number (`me`), and the rules by which own frames change them. No I/O.
 */
export class Store {
  #ahead = new Map();

  /** @param {(name: string) => any} makeRoom makes what `rooms` holds: something with a `timeline` */
  constructor(makeRoom) {
    this.makeRoom = makeRoom;
    this.rooms = new Map();
    this.epoch = "";
    this.me = 0;
    /** The total badge as the server last gave it; right until all rooms are known. */
    this.givenBadge = 0;
    /** Whether all rooms are known, so that frames are enough from here on. */
    this.isBegun = false;
  }

  /** Forgets everything. */
  clear() {
    this.rooms.clear();
    this.#ahead.clear();
    Object.assign(this, { epoch: "", me: 0, givenBadge: 0, isBegun: false });
  }

  /** Keeps a room as it was given; one that is new begins at its numbers. Returns the room. */
  takeRoom(data, rev = data.rev, marks = data.marks, { anew = false } = {}) {
    let room = this.rooms.get(data.room_name);
    if (room && !anew) {
      room.timeline.take(data);
      return room;
    }
    if (!room) {
      room = this.makeRoom(data.room_name);
      this.rooms.set(data.room_name, room);
    }
    room.timeline.begin(data, rev, marks);
    return room;
  }

  /** Applies a frame of the user's own; false when it shows that something before it is missing. */
  applyOwn(frame, apply) {
    if (frame.me <= this.me) return true;
    if (frame.prev > this.me) {
      this.#ahead.set(frame.prev, frame);
      return false;
    }
    this.me = frame.me;
    apply(frame);
    this.drainOwn(apply);
    return true;
  }

  /** Says that everything up to `me` was applied. */
  reachedOwn(me, apply) {
    this.me = Math.max(this.me, me);
    this.drainOwn(apply);
  }

  drainOwn(apply) {
    for (const prev of [...this.#ahead.keys()].sort((one, other) => one - other)) {
      if (prev > this.me) break;
      const frame = this.#ahead.get(prev);
      this.#ahead.delete(prev);
      if (frame.me > this.me) {
        this.me = frame.me;
        apply(frame);
      }
    }
  }

  get isBehindOwn() {
    return this.#ahead.size > 0;
  }

  /** Room name to the numbers up to which it was applied. */
  get numbers() {
    const listed = [...this.rooms.values()].filter((room) => room.timeline.room.my.state === "member");
    return Object.fromEntries(listed.map(({ name, timeline: { rev, marks } }) => [name, { rev, marks }]));
  }

  /** The rooms as a list shows them: pinned ones first, then by activity. */
  get sorted() {
    const listed = [...this.rooms.values()].filter((room) => room.timeline.isListed || room.isPending);
    const keys = new Map(listed.map((room) => [room, [room.pinned ? 1 : 0, room.lastActivityAt, room.name]]));
    return listed.sort((one, other) => compare(keys.get(other), keys.get(one)));
  }

  /** Unread messages in rooms that are neither muted nor archived. */
  get badge() {
    if (!this.isBegun) return this.givenBadge;
    const counted = this.sorted.filter((room) => !room.isMuted && !room.archived);
    return counted.reduce((sum, room) => sum + room.unreadCount, 0);
  }
}

function compare(one, other) {
  for (let at = 0; at < one.length; at += 1) {
    if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
  }
  return 0;
}
