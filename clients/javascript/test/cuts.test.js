import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Server, sleep, until } from "./support/server.js";

const CUTS = 100;
const MESSAGES = 120;

let server;
before(async () => (server = await Server.start()));
after(() => server?.stop());

/** What a client holds of a room, without what depends on who looks. */
const held = (room) => room.timeline.messages.map(({ mine, ...message }) => message);

test(`${CUTS} cuts while two people chat: nothing lost, nothing doubled, all in order`, async () => {
  const names = ["alice", "bob"];
  const proxies = await Promise.all(names.map(() => server.proxy()));
  const clients = await Promise.all(names.map((name, at) => server.login(name, { baseUrl: proxies[at].url })));
  await Promise.all(clients.map((client) => client.start()));
  const rooms = await Promise.all([clients[0].open("bob"), clients[1].open("alice")]);
  await Promise.all(rooms.map((room) => room.loadOlder()));
  const earlier = held(rooms[0]).length;

  const cutting = proxies.map(async (proxy) => {
    while (proxy.cuts < CUTS / 2) {
      await sleep(Math.random() * 250);
      await until("there is something to cut", () => proxy.connections > 0);
      proxy.cut();
    }
  });
  const chatting = rooms.map(async (room, at) => {
    for (let number = 1; number <= MESSAGES; number += 1) {
      room.send(`${names[at]} ${number}`);
      if (Math.random() < 0.3) room.markRead();
      room.setTyping();
      await sleep(Math.random() * 140);
    }
  });
  await Promise.all([...cutting, ...chatting]);

  await until("everything is sent", () => clients.every(({ outbox }) => outbox.rooms.length === 0));
  for (const room of rooms) room.markRead();
  await until("both have everything", () => rooms.every((room) => held(room).length === earlier + 2 * MESSAGES));
  await until("both have read", () => rooms.every((room) => room.messages.every(({ own, state }) => !own || state === "read")));

  const fresh = await server.login("alice");
  await fresh.start();
  const truth = await fresh.open("bob");
  while (await truth.loadOlder(200));
  assert.deepEqual(held(rooms[0]), held(truth));
  assert.deepEqual(held(rooms[1]), held(truth));
  assert.deepEqual(held(truth).map(({ seq }) => seq), held(truth).map((_, at) => at + 1));
  for (const name of names) {
    const said = held(truth).slice(earlier).filter(({ sender }) => sender.username === name);
    assert.deepEqual(said.map(({ text }) => text), said.map((_, at) => `${name} ${at + 1}`));
    assert.equal(said.length, MESSAGES);
  }
  await until("badges are right", () => clients[0].badge === fresh.badge && rooms.every((room) => room.unreadCount === 0));
});
