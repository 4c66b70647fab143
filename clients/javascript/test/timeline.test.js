import assert from "node:assert/strict";
import test from "node:test";
import { Timeline } from "../src/timeline.js";
import { ME, changes, created, message, receipt, room, updated } from "./support/shapes.js";

const begun = (options) => {
  const timeline = new Timeline(ME);
  timeline.begin(room(options));
  return timeline;
};
const seqs = (timeline) => timeline.messages.map(({ seq }) => seq);

test("frames in order move the number and show their messages", () => {
  const timeline = begun();
  assert.ok(timeline.apply(created(1)));
  assert.ok(timeline.apply(created(2)));
  assert.deepEqual(seqs(timeline), [1, 2]);
  assert.equal(timeline.rev, 2);
});

test("a frame twice is one message", () => {
  const timeline = begun();
  for (let time = 0; time < 2; time += 1) assert.ok(timeline.apply(created(1)));
  assert.deepEqual(seqs(timeline), [1]);
});

test("a frame beyond a gap waits until the gap is filled", () => {
  const timeline = begun();
  assert.equal(timeline.apply(created(3)), false);
  assert.equal(timeline.apply(created(4)), false);
  assert.deepEqual(seqs(timeline), []);
  assert.ok(timeline.isBehind());
  timeline.catchUp(changes([created(1), created(2)]));
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4]);
  assert.equal(timeline.rev, 4);
  assert.ok(!timeline.isBehind());
});

test("only a prev above the number is a gap: a replay leaves numbers out", () => {
  const timeline = begun();
  assert.ok(timeline.apply(created(1, { rev: 5, prev: 0 })));
  assert.ok(timeline.apply(created(2, { rev: 9, prev: 5 })));
  assert.ok(timeline.apply(created(3, { rev: 11, prev: 8 })));
  assert.equal(timeline.rev, 11);
});

test("the higher rev of a message wins, whatever comes first", () => {
  const timeline = begun();
  timeline.put(message(1, { rev: 7, text: "new" }));
  timeline.put(message(1, { rev: 1, text: "old" }));
  assert.equal(timeline.messages[0].text, "new");
});

test("what only REST gives of a message survives a frame", () => {
  const timeline = begun();
  timeline.put(message(1, { mine: { starred: true } }));
  timeline.apply(updated(1, 2, { prev: 0, text: "edited" }));
  assert.deepEqual(timeline.messages[0].mine, { starred: true });
  assert.equal(timeline.messages[0].text, "edited");
});

test("a skip moves the number and shows nothing", () => {
  const timeline = begun();
  assert.ok(timeline.apply({ type: "skip", room: "r", rev: 1, prev: 0 }));
  assert.ok(timeline.apply(created(2)));
  assert.deepEqual(seqs(timeline), [2]);
});

test("the shared part of a room is replaced, the own part stays", () => {
  const timeline = begun();
  timeline.apply({ type: "room.updated", room: "r", rev: 1, prev: 0, data: { extra: { colour: "red" } } });
  assert.deepEqual(timeline.room.extra, { colour: "red" });
  assert.equal(timeline.room.my.state, "member");
});

test("receipts count at once, their numbers wait for those before", () => {
  const timeline = begun({ seq: 5 });
  assert.ok(timeline.apply(receipt(1, "bob", 1)));
  assert.equal(timeline.apply(receipt(3, "bob", 4)), false);
  assert.equal(timeline.others.read_seq, 4);
  assert.equal(timeline.marks, 1);
  timeline.catchUp(changes([], { rev: 5, marks: 2 }));
  assert.equal(timeline.marks, 3);
});

test("a mark never goes back", () => {
  const timeline = begun({ seq: 5 });
  timeline.apply(receipt(1, "bob", 4));
  timeline.apply(receipt(1, "bob", 2));
  timeline.apply(receipt(2, ME, 3));
  timeline.take(room({ seq: 5, my: { last_read_seq: 1 } }));
  assert.equal(timeline.others.read_seq, 4);
  assert.equal(timeline.readMark, 3);
});

test("unread are the messages of others above the mark, not system, not deleted", () => {
  const timeline = begun();
  timeline.apply(created(1));
  timeline.apply(created(2, { sender: ME }));
  timeline.apply(created(3, { kind: "system" }));
  timeline.apply(created(4, { deleted_at: "2026-01-01T00:00:00.000Z" }));
  timeline.apply(created(5));
  assert.equal(timeline.unreadCount, 2);
  timeline.apply(receipt(1, ME, 1));
  assert.equal(timeline.unreadCount, 1);
});

test("unread goes on from the server's count where not all messages are held", () => {
  const timeline = begun({ seq: 100, my: { unread_count: 40 } });
  timeline.apply(created(101));
  timeline.apply(created(102, { sender: ME }));
  assert.equal(timeline.unreadCount, 41);
  timeline.apply(updated(70, 103, { deleted_at: "2026-01-01T00:00:00.000Z" }));
  assert.equal(timeline.unreadCount, 40);
  timeline.readMark = 102;
  assert.equal(timeline.unreadCount, 0);
});

test("the server's count is not added to what it counted already", () => {
  const timeline = begun({ seq: 100, my: { unread_count: 40 } });
  timeline.apply(created(101));
  timeline.take(room({ seq: 101, my: { unread_count: 41 } }));
  timeline.apply(created(102));
  assert.equal(timeline.unreadCount, 42);
});

test("older pages join the messages held, also when they were changed meanwhile", () => {
  const timeline = begun({ seq: 10 });
  assert.ok(timeline.hasOlder);
  timeline.apply(updated(8, 11, { text: "edited" }));
  assert.deepEqual(seqs(timeline), [10]);
  timeline.putOlder([message(9), message(8)], true);
  assert.deepEqual(seqs(timeline), [8, 9, 10]);
  assert.equal(timeline.messages[0].text, "edited");
  timeline.putOlder([], false);
  assert.ok(!timeline.hasOlder);
});

test("a cleared room forgets, leaves the list, and comes back with the next message", () => {
  const timeline = begun({ seq: 3 });
  timeline.take(room({ seq: 3, last: null, last_message: null, my: { first_visible_seq: 4, last_read_seq: 3 } }));
  assert.deepEqual(seqs(timeline), []);
  assert.ok(!timeline.isListed);
  timeline.apply(created(4));
  assert.ok(timeline.isListed);
  assert.equal(timeline.unreadCount, 1);
  assert.ok(!timeline.hasOlder);
});

test("beginning anew forgets the old numbers", () => {
  const timeline = begun({ seq: 9, marks: 4 });
  timeline.apply(created(12));
  timeline.begin(room({ seq: 2 }));
  assert.deepEqual([timeline.rev, timeline.marks, timeline.isBehind()], [2, 0, false]);
  assert.deepEqual(seqs(timeline), [2]);
});

test("a snapshot goes on where it was taken", () => {
  const timeline = begun({ seq: 2 });
  timeline.apply(created(3));
  const kept = JSON.parse(JSON.stringify(timeline.snapshot()));
  const other = new Timeline(ME);
  other.begin(kept.room, kept.rev, kept.marks);
  other.restore(kept);
  assert.ok(other.apply(created(4)));
  assert.deepEqual(seqs(other), [2, 3, 4]);
});

test("any order of frames, twice, with catch-ups in between, ends the same", () => {
  const frames = Array.from({ length: 12 }, (_, at) => created(at + 1));
  for (let run = 0; run < 200; run += 1) {
    const timeline = begun();
    const mixed = [...frames, ...frames].sort(() => Math.random() - 0.5);
    for (const frame of mixed) {
      if (!timeline.apply(frame) && Math.random() < 0.3) {
        timeline.catchUp(changes(frames.filter(({ rev }) => rev > timeline.rev && rev <= frame.rev)));
      }
    }
    if (timeline.isBehind()) timeline.catchUp(changes(frames.filter(({ rev }) => rev > timeline.rev)));
    assert.deepEqual(seqs(timeline), frames.map(({ data }) => data.seq));
    assert.equal(timeline.unreadCount, 12);
  }
});
