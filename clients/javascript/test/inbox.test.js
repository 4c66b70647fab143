import assert from "node:assert/strict";
import test from "node:test";
import { Inbox } from "../src/inbox.js";
import { TIMING } from "../src/timing.js";
import { FakeSocket } from "./support/fake_socket.js";
import { settle } from "./support/shapes.js";

/** An inbox with fake sockets and a fake clock. */
async function setUp(context, options = {}) {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  context.mock.method(Math, "random", () => 1);
  FakeSocket.all = [];
  const states = [];
  const frames = [];
  const inbox = new Inbox({
    url: "ws://chat.test/ws/inbox/",
    WebSocket: FakeSocket,
    timing: TIMING,
    prepare: async () => "token",
    resume: async () => {},
    refresh: async () => {},
    onFrame: (frame) => frames.push(frame.type),
    onState: (state, code) => states.push(code ? `${state} ${code}` : state),
    ...options,
  });
  context.after(() => inbox.stop());
  inbox.start();
  await settle();
  const tick = async (ms) => {
    context.mock.timers.tick(ms);
    await settle();
  };
  return { inbox, states, frames, tick };
}

test("the token goes in the first frame, not in the address", async (context) => {
  const { inbox, states } = await setUp(context);
  assert.equal(FakeSocket.last.url, "ws://chat.test/ws/inbox/");
  FakeSocket.last.hello();
  await settle();
  assert.deepEqual(FakeSocket.last.sent, [{ type: "auth", data: { token: "token" } }]);
  assert.deepEqual(states, ["connecting", "online"]);
  assert.ok(inbox.isUp);
});

test("it comes back later and later, and at once after it was up", async (context) => {
  const { tick } = await setUp(context);
  for (const wait of [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]) {
    const before = FakeSocket.all.length;
    FakeSocket.last.end(1006);
    await tick(wait - 1);
    assert.equal(FakeSocket.all.length, before, `not before ${wait}`);
    await tick(1);
    assert.equal(FakeSocket.all.length, before + 1, `after ${wait}`);
  }
  FakeSocket.last.hello();
  await settle();
  FakeSocket.last.end(1006);
  await tick(2_000);
  assert.equal(FakeSocket.all.length, 9);
});

for (const code of [4400, 4403, 4404, 4409, 4410, 1009]) {
  test(`it does not come back after ${code}`, async (context) => {
    const { states, tick } = await setUp(context);
    FakeSocket.last.hello();
    await settle();
    FakeSocket.last.end(code);
    await tick(600_000);
    assert.equal(FakeSocket.all.length, 1);
    assert.equal(states.at(-1), `offline ${code}`);
  });
}

test("the oldest of too many tabs comes back when the user looks at it", async (context) => {
  const { inbox } = await setUp(context);
  FakeSocket.last.end(4409);
  inbox.wake();
  context.mock.timers.tick(0);
  await settle();
  assert.equal(FakeSocket.all.length, 2);
});

test("4401 renews the token, then connects", async (context) => {
  const renewed = [];
  const { tick } = await setUp(context, { refresh: async (token) => renewed.push(token) });
  FakeSocket.last.end(4401);
  await settle();
  await tick(0);
  assert.deepEqual(renewed, ["token"]);
  assert.equal(FakeSocket.all.length, 2);
  FakeSocket.last.end(4401);
  await settle();
  await tick(3_999);
  assert.equal(FakeSocket.all.length, 2);
  await tick(1);
  assert.equal(FakeSocket.all.length, 3);
});

test("a restart is waited for as announced, a flood for long", async (context) => {
  const { tick } = await setUp(context);
  FakeSocket.last.hello();
  await settle();
  FakeSocket.last.push({ type: "server.restarting", data: { reconnect_after_ms: 7_000 } });
  FakeSocket.last.end(1012);
  await tick(7_999);
  assert.equal(FakeSocket.all.length, 1);
  await tick(1);
  assert.equal(FakeSocket.all.length, 2);
  FakeSocket.last.end(4429);
  await tick(30_000);
  assert.equal(FakeSocket.all.length, 2);
  await tick(2_000);
  assert.equal(FakeSocket.all.length, 3);
});

test("silence for two and a half heartbeats is the end of a connection", async (context) => {
  const { tick } = await setUp(context);
  FakeSocket.last.hello();
  await settle();
  for (let beat = 0; beat < 5; beat += 1) {
    await tick(25_000);
    FakeSocket.last.push({ type: "heartbeat", data: {} });
  }
  assert.equal(FakeSocket.all.length, 1);
  for (let second = 0; second < 80; second += 1) await tick(1_000);
  assert.ok(FakeSocket.all.length >= 2);
  assert.equal(FakeSocket.all[0].closedWith, 4000);
});

test("a socket that never says hello is given up", async (context) => {
  const { tick } = await setUp(context);
  FakeSocket.last.accept();
  for (let second = 0; second < 25; second += 1) await tick(1_000);
  assert.equal(FakeSocket.all.length, 2);
});

test("an error without a close is the end, too", async (context) => {
  const { tick } = await setUp(context);
  FakeSocket.last.onerror({});
  await tick(100);
  await tick(2_000);
  assert.equal(FakeSocket.all.length, 2);
});

test("answers go to who asked; the rest are frames", async (context) => {
  const { inbox, frames } = await setUp(context);
  FakeSocket.last.hello();
  await settle();
  const [one, two] = [inbox.ask("read", { seq: 1 }, "r"), inbox.ask("read", { seq: 2 }, "r")];
  const [, first, second] = FakeSocket.last.sent;
  FakeSocket.last.push({ type: "heartbeat", data: {} });
  FakeSocket.last.push({ type: "error", ref: second.ref, error: { code: "not_a_member", status: 403, retry: "never" } });
  FakeSocket.last.push({ type: "ack", ref: first.ref, data: { read_seq: 1 } });
  assert.deepEqual(await one, { read_seq: 1 });
  await assert.rejects(two, { code: "not_a_member" });
  assert.deepEqual(frames, ["heartbeat"]);
});

test("whoever waits when the line breaks is told, and an answer that never comes breaks it", async (context) => {
  const { inbox, tick } = await setUp(context);
  FakeSocket.last.hello();
  await settle();
  const cut = assert.rejects(inbox.ask("read", { seq: 1 }, "r"), { code: "unreachable", retry: "after" });
  FakeSocket.last.end(1006);
  await cut;
  await tick(2_000);
  FakeSocket.last.hello();
  await settle();
  const lost = assert.rejects(inbox.ask("read", { seq: 1 }, "r"), { code: "unreachable" });
  await tick(TIMING.answer);
  await lost;
  assert.equal(inbox.state, "connecting");
});

test("it is online only after it has caught up", async (context) => {
  let caughtUp;
  const { inbox } = await setUp(context, { resume: () => new Promise((resolve) => (caughtUp = resolve)) });
  FakeSocket.last.hello();
  await settle();
  assert.equal(inbox.state, "connecting");
  caughtUp();
  await settle();
  assert.equal(inbox.state, "online");
});

test("a late event of an old socket is nobody's", async (context) => {
  const { inbox, tick } = await setUp(context);
  const old = FakeSocket.last;
  old.end(1006);
  await tick(2_000);
  FakeSocket.last.hello();
  await settle();
  old.onclose({ code: 4403 });
  old.push({ type: "hello", data: {} });
  assert.equal(inbox.state, "online");
});

test("a browser's own signs: offline ends it, online and a visible page bring it back", async (context) => {
  globalThis.window = new EventTarget();
  globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  context.after(() => {
    delete globalThis.window;
    delete globalThis.document;
  });
  const { inbox, tick } = await setUp(context);
  FakeSocket.last.hello();
  await settle();
  globalThis.window.dispatchEvent(new Event("offline"));
  assert.equal(inbox.state, "offline");
  await tick(60_000);
  assert.equal(FakeSocket.all.length, 1);
  globalThis.window.dispatchEvent(new Event("online"));
  await tick(0);
  assert.equal(FakeSocket.all.length, 2);
  FakeSocket.last.end(1006);
  globalThis.document.dispatchEvent(new Event("visibilitychange"));
  await tick(0);
  assert.equal(FakeSocket.all.length, 3);
});
