import assert from "node:assert/strict";
import test from "node:test";
import { ProblemError } from "../src/errors.js";
import { Outbox } from "../src/outbox.js";
import { MemoryStorage } from "../src/storage.js";
import { TIMING } from "../src/timing.js";
import { settle } from "./support/shapes.js";

const outbox = (send, storage = new MemoryStorage()) => {
  const made = new Outbox({ storage, timing: { ...TIMING, reconnectMin: 1, reconnectMax: 2 }, send, onChange: () => {} });
  made.start("alice");
  return made;
};
const texts = (made, room = "r") => made.of(room).map(({ text, state }) => `${text} ${state}`);
const problem = (code, retry = "never", more = {}) => new ProblemError({ code, retry, status: 400, ...more });
const say = (made, text, room = "r") => made.add(room, { text }, "2026-01-01T00:00:00.000Z");

test("messages of a room go one after the other, in order", async () => {
  const sent = [];
  const waiting = [];
  const made = outbox((room, body) => (sent.push(body.text), new Promise((resolve) => waiting.push(resolve))));
  for (const text of ["a", "b", "c"]) say(made, text);
  await settle();
  assert.deepEqual(sent, ["a"]);
  assert.deepEqual(texts(made), ["a pending", "b pending", "c pending"]);
  waiting.shift()();
  await settle();
  assert.deepEqual(sent, ["a", "b"]);
  assert.deepEqual(texts(made), ["b pending", "c pending"]);
});

test("rooms do not wait for each other", async () => {
  const sent = [];
  const made = outbox((room) => (sent.push(room), new Promise(() => {})));
  say(made, "a", "r");
  say(made, "b", "s");
  await settle();
  assert.deepEqual(sent, ["r", "s"]);
});

test("a lost answer is followed by the same client_id, until it is stored", async () => {
  const ids = [];
  const made = outbox(async (room, body) => {
    ids.push(body.client_id);
    if (ids.length < 4) throw problem("unreachable", "after");
  });
  say(made, "a");
  while (made.of("r").length) await settle();
  assert.equal(ids.length, 4);
  assert.equal(new Set(ids).size, 1);
});

test("what is refused for good is shown as failed and holds up nobody", async () => {
  const made = outbox(async (room, body) => {
    if (body.text === "bad") throw problem("invalid_input");
  });
  say(made, "bad");
  say(made, "good");
  await settle();
  assert.deepEqual(texts(made), ["bad failed"]);
  assert.equal(made.of("r")[0].error.code, "invalid_input");
});

test("a failed message can be tried again under its client_id, or be given up", async () => {
  const ids = [];
  let isOpen = false;
  const made = outbox(async (room, body) => {
    ids.push(body.client_id);
    if (!isOpen) throw problem("not_a_member");
  });
  const first = say(made, "one");
  const second = say(made, "two");
  await settle();
  made.discard("r", second.clientId);
  isOpen = true;
  made.retry("r", first.clientId);
  await settle();
  assert.deepEqual(texts(made), []);
  assert.deepEqual(ids, [first.clientId, second.clientId, first.clientId]);
});

test("the announced wait is kept", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let calls = 0;
  const made = outbox(async () => {
    calls += 1;
    if (calls === 1) throw problem("rate_limited", "after", { retry_after_ms: 5_000 });
  });
  say(made, "a");
  await settle();
  context.mock.timers.tick(4_999);
  await settle();
  assert.equal(calls, 1);
  context.mock.timers.tick(1);
  await settle();
  assert.equal(calls, 2);
});

test("a message that came back settles its item, and the late ack changes nothing", async () => {
  let acknowledge;
  const made = outbox(() => new Promise((resolve) => (acknowledge = resolve)));
  const item = say(made, "a");
  made.settle("r", item.clientId);
  assert.deepEqual(texts(made), []);
  acknowledge();
  await settle();
  assert.deepEqual(texts(made), []);
});

test("what was not stored survives a reload, under the same client_id", async () => {
  const storage = new MemoryStorage();
  const first = outbox(() => new Promise(() => {}), storage);
  const item = say(first, "a");
  say(first, "b");
  first.stop();
  const sent = [];
  const second = outbox(async (room, body) => sent.push([body.client_id, body.text]), storage);
  await settle();
  assert.equal(sent[0][0], item.clientId);
  assert.deepEqual(sent.map(([, text]) => text), ["a", "b"]);
  assert.deepEqual(texts(second), []);
  assert.equal(storage.getItem("chatclient.outbox"), null);
});

test("somebody else's messages are left alone", async () => {
  const storage = new MemoryStorage();
  const alices = outbox(() => new Promise(() => {}), storage);
  say(alices, "a");
  const sent = [];
  const bobs = new Outbox({ storage, timing: TIMING, send: async () => sent.push(1), onChange: () => {} });
  bobs.start("bob");
  bobs.forget();
  await settle();
  assert.deepEqual(sent, []);
  assert.ok(storage.getItem("chatclient.outbox").includes(`"a"`));
});
