import assert from "node:assert/strict";
import test from "node:test";
import { Store } from "../src/store.js";
import { Timeline } from "../src/timeline.js";
import { ME, created, room } from "./support/shapes.js";

class FakeRoom {
  constructor(name) {
    this.name = name;
    this.timeline = new Timeline(ME);
    this.isPending = false;
  }
  get pinned() {
    return this.timeline.room.my.pinned_at !== null;
  }
  get archived() {
    return this.timeline.room.my.archived;
  }
  get isMuted() {
    return this.timeline.room.my.muted_until !== null;
  }
  get lastActivityAt() {
    return this.timeline.lastActivityAt;
  }
  get unreadCount() {
    return this.timeline.unreadCount;
  }
}

const store = (...rooms) => {
  const made = new Store((name) => new FakeRoom(name));
  for (const data of rooms) made.takeRoom(data);
  made.isBegun = true;
  return made;
};
const names = (made) => made.sorted.map(({ name }) => name);
const at = (second) => `2026-01-01T00:00:${second}.000Z`;

test("rooms are sorted: pinned ones first, then by activity", () => {
  const made = store(
    room({ name: "old", last_activity_at: at("01") }),
    room({ name: "pinned", last_activity_at: at("00"), my: { pinned_at: at("00") } }),
    room({ name: "new", last_activity_at: at("05") }),
  );
  assert.deepEqual(names(made), ["pinned", "new", "old"]);
  made.rooms.get("old").timeline.apply(created(1, { created_at: at("09") }));
  assert.deepEqual(names(made), ["pinned", "old", "new"]);
});

test("the badge leaves out muted and archived rooms", () => {
  const unread = (name, my) => room({ name, seq: 9, my: { unread_count: 2, ...my } });
  const made = store(unread("a"), unread("b", { muted_until: at("00") }), unread("c", { archived: true }));
  assert.equal(made.badge, 2);
});

test("until all rooms are known the badge is the server's", () => {
  const made = new Store((name) => new FakeRoom(name));
  made.givenBadge = 7;
  assert.equal(made.badge, 7);
});

test("a room that shows nothing, or was left, is not in the list", () => {
  const made = store(
    room({ name: "cleared", seq: 3, last_message: null, my: { first_visible_seq: 4 } }),
    room({ name: "left", seq: 3, my: { state: "left" } }),
    room({ name: "opened" }),
  );
  assert.deepEqual(names(made), ["opened"]);
  assert.deepEqual(Object.keys(made.numbers).sort(), ["cleared", "opened"]);
});

test("own frames are applied in order, each once, also across a gap", () => {
  const made = store();
  const seen = [];
  const apply = ({ me }) => seen.push(me);
  assert.ok(made.applyOwn({ me: 1, prev: 0 }, apply));
  assert.ok(made.applyOwn({ me: 1, prev: 0 }, apply));
  assert.equal(made.applyOwn({ me: 4, prev: 3 }, apply), false);
  made.reachedOwn(3, apply);
  assert.deepEqual(seen, [1, 4]);
  assert.equal(made.me, 4);
});

test("a room given again keeps its cursor; anew it begins", () => {
  const made = store(room({ seq: 2 }));
  made.takeRoom(room({ seq: 7 }));
  assert.equal(made.numbers.r.rev, 2);
  made.takeRoom(room({ seq: 7 }), 6, 0, { anew: true });
  assert.equal(made.numbers.r.rev, 6);
});
