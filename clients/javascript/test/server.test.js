import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { MemoryStorage } from "../src/index.js";
import { Server, sleep, until } from "./support/server.js";

let server;
before(async () => {
  // Small numbers, so that their edges are met: short tokens, few rooms a page, few rows an answer, fast heartbeats.
  server = await Server.start({
    ACCESS_TOKEN_SECONDS: "4",
    LIMIT_SYNC_ROOMS: "2",
    LIMIT_REPLAY_FRAMES: "10",
    LIMIT_HEARTBEAT_SECONDS: "1",
    LIMIT_TYPING_SECONDS: "1",
  });
});
after(() => server?.stop());

const texts = (room) => room.messages.map(({ text }) => text);
const started = async (name, options) => {
  const client = await server.login(name, options);
  await client.start();
  await until("it is online", () => client.connection === "online");
  return client;
};
/** The room of two people, as both see it. */
const between = async (one, other) => {
  const rooms = [await one.open(other.me.username), await other.open(one.me.username)];
  await Promise.all(rooms.map((room) => room.loadOlder()));
  return rooms;
};

let people = 0;
/** Somebody new, registered and logged in. */
async function newcomer(options) {
  const client = server.client(options);
  const name = `person${(people += 1)}`;
  const account = { username: name, email: `${name}@example.org`, password: "correct horse battery", display_name: name };
  const challenge = await client.register(account);
  await client.verify({ challenge, code: await server.code(name), device_name: "test" });
  return client;
}

describe("with one server, side by side", { concurrency: 4 }, () => {
  test("registering: a wrong code says how many tries are left, another one is sent, the right one logs in", async () => {
    const client = server.client();
    const account = { username: "dora", email: "dora@example.org", password: "correct horse battery" };
    await assert.rejects(client.register({ ...account, password: "12345" }), (error) => {
      assert.equal(error.code, "invalid_input");
      return error.errors.some(({ field }) => field === "password");
    });
    const challenge = await client.register({ ...account, display_name: "Dora" });
    assert.match(challenge.sent_to, /\*/);
    const first = await server.code("dora");
    const wrong = first === "000000" ? "000001" : "000000";
    await assert.rejects(client.verify({ challenge, code: wrong }), ({ code, problem }) => {
      assert.equal(code, "invalid_code");
      return problem.attempts_left > 0;
    });
    await sleep(1_100);
    const again = await client.resend(challenge);
    const me = await client.verify({ challenge: again, code: await server.code("dora", 1), device_name: "test" });
    assert.equal(me.display_name, "Dora");
    assert.ok(client.signedIn);
    assert.equal((await client.sessions())[0].device_name, "test");
  });

  test("a wrong password is an error, and nobody is signed out by it", async () => {
    const client = server.client();
    await assert.rejects(client.login({ login: "alice", password: "wrong" }), { code: "invalid_credentials", status: 401 });
    await assert.rejects(client.start(), { code: "signed_out" });
  });

  test("all rooms come, page by page, in their order", async () => {
    const ann = await newcomer();
    for (const name of ["alice", "bob", "carol", ann.me.username]) (await ann.open(name)).send(`to ${name}`);
    await ann.start();
    await until("all is sent", () => ann.outbox.rooms.length === 0);
    const device = server.client({ storage: copyOf(ann) });
    await device.start();
    assert.deepEqual(device.rooms.map(({ name }) => name), ann.rooms.map(({ name }) => name));
    assert.equal(device.rooms.length, 4);
    assert.ok(device.rooms.every(({ unreadCount, lastMessage }) => unreadCount === 0 && lastMessage.own));
  });

  test("ticks, badges, typing, refusals, replies, on all devices", async () => {
    const [ann, ben] = await Promise.all([newcomer(), newcomer()]);
    const storage = new MemoryStorage();
    storage.setItem("chatclient.session", JSON.stringify(ben.session.pair));
    const tab = server.client({ storage });
    await Promise.all([ann, ben, tab].map((client) => client.start()));
    await until("all are online", () => [ann, ben, tab].every(({ connection }) => connection === "online"));
    const [anns, bens] = await between(ann, ben);

    anns.setTyping();
    await until("typing is shown", () => bens.typists[0]?.user.username === ann.me.username);
    const shown = anns.send("hello");
    assert.deepEqual([shown.state, anns.lastMessage.text], ["pending", "hello"]);
    await until("it has arrived", () => bens.unreadCount === 1 && anns.lastMessage.state === "delivered");
    assert.deepEqual(bens.typists, []);
    anns.setTyping();
    await until("typing is shown", () => bens.typists.length === 1);
    await until("typing ends by itself", () => bens.typists.length === 0);

    await until("the other tab knows the room", () => tab.room(bens.name)?.unreadCount === 1);
    assert.equal(tab.badge, 1);
    bens.markRead();
    assert.equal(ben.badge, 0);
    await until("it was read", () => anns.lastMessage.state === "read");
    await until("the other tab knows it too", () => tab.badge === 0);

    await bens.update({ pinned: true, muted_until: "2099-01-01T00:00:00.000Z" });
    await until("the other tab has the settings", () => tab.room(bens.name).pinned && tab.room(bens.name).isMuted);
    anns.send("quiet");
    await until("it counts in the room", () => tab.room(bens.name).unreadCount === 1);
    assert.equal(tab.badge, 0);
    await bens.update({ marked_unread: true, muted_until: null });
    bens.markRead();
    await until("reading takes the reminder away", () => !tab.room(bens.name).markedUnread && tab.badge === 0);

    const bad = anns.send("x".repeat(5_000));
    anns.send("good");
    await until("the outcome is known", () => anns.messages.every(({ state }) => state !== "pending"));
    const failed = anns.messages.find(({ state }) => state === "failed");
    assert.deepEqual([failed.clientId, failed.error.code], [bad.clientId, "invalid_input"]);
    anns.discard(bad.clientId);
    assert.deepEqual(texts(anns), ["hello", "quiet", "good"]);

    await until("it has arrived", () => bens.messages.length === 3);
    bens.send("answer", { replyTo: bens.messages[0].id, extra: { mood: "good" } });
    assert.equal(bens.lastMessage.replyTo.text, "hello");
    await until("the answer has arrived", () => anns.lastMessage.replyTo?.text === "hello");
    assert.deepEqual(anns.lastMessage.extra, { mood: "good" });

    await ben.updateMe({ about: "Here" });
    await until("the other tab has the profile", () => tab.me.about === "Here");
  });

  test("whoever was away gets what was missed: little, much, and a new room", async () => {
    const [ann, ben, cid] = await Promise.all([newcomer(), newcomer(), newcomer()]);
    const eve = await started("alice");
    const proxy = await server.proxy();
    const away = server.client({ baseUrl: proxy.url, storage: copyOf(ann) });
    await Promise.all([away, ben, cid].map((client) => client.start()));
    const [little] = await between(away, ben);
    const [much] = await between(away, cid);
    await until("it is online", () => away.connection === "online");

    proxy.isDown = true;
    proxy.cut();
    const waiting = little.send("said while away");
    (await ben.open(away.me.username)).send("little");
    const cids = await cid.open(away.me.username);
    for (let number = 1; number <= 45; number += 1) cids.send(`much ${number}`);
    (await eve.open(away.me.username)).send("new");
    await until("all is sent", () => [ben, cid, eve].every(({ outbox }) => outbox.rooms.length === 0));
    proxy.isDown = false;

    await until("the list is right", () => away.rooms.length === 3 && away.badge === 47);
    await until("it is sent", () => little.messages.find(({ clientId }) => clientId === waiting.clientId).id);
    assert.deepEqual(texts(little).sort(), ["little", "said while away"]);
    await until("all of it is there", async () => {
      while (much.hasOlder) await much.loadOlder();
      return texts(much).length === 45;
    });
    assert.deepEqual(texts(much), Array.from({ length: 45 }, (_, at) => `much ${at + 1}`));
  });

  test("a room that was cleared comes back, also to a device that never knew it", async () => {
    const [ann, ben] = await Promise.all([newcomer(), newcomer()]);
    await Promise.all([ann.start(), ben.start()]);
    const [anns, bens] = await between(ann, ben);
    bens.send("before");
    await until("it has come", () => anns.unreadCount === 1);
    await anns.clear();
    assert.deepEqual(ann.rooms, []);
    ann.stop();
    const proxy = await server.proxy();
    const device = server.client({ baseUrl: proxy.url, storage: copyOf(ann) });
    await device.start();
    await until("it is online", () => device.connection === "online");
    assert.equal(device.room(bens.name), undefined);
    proxy.isDown = true;
    proxy.cut();
    bens.send("after");
    await until("it is sent", () => bens.lastMessage.id);
    proxy.isDown = false;
    await until("the room is back", () => device.room(bens.name)?.unreadCount === 1);
    assert.deepEqual(texts(device.room(bens.name)), ["after"]);
  });

  test("a wire that falls silent is noticed", async () => {
    const proxy = await server.proxy();
    const client = await server.login("bob", { baseUrl: proxy.url });
    await client.start();
    await until("it is online", () => client.connection === "online");
    proxy.isSilent = true;
    await until("it is not online", () => client.connection !== "online");
    proxy.isSilent = false;
    proxy.cut();
    await until("it is online again", () => client.connection === "online");
  });

  test("tokens are renewed in time of need, and tabs that renew at once stay signed in", async () => {
    const ann = await server.login("bob");
    const storage = copyOf(ann);
    const tabs = [1, 2, 3].map(() => server.client({ storage }));
    await sleep(4_100);
    const all = await Promise.all(tabs.map((tab) => tab.sessions()));
    assert.ok(all.every((sessions) => sessions.some(({ id }) => id === ann.session.pair.session)));
    assert.equal(new Set(tabs.map(({ session }) => session.access)).size, 1);
    await sleep(4_100);
    await tabs[2].start();
    await until("it is online", () => tabs[2].connection === "online");
  });

  test("signing out ends the session of all tabs, also of those that only hear it from the server", async () => {
    const ann = await server.login("bob");
    const tab = server.client({ storage: copyOf(ann) });
    await tab.start();
    let told = 0;
    tab.addEventListener("signedout", () => (told += 1));
    await until("it is online", () => tab.connection === "online");
    await ann.logout();
    assert.ok(!ann.signedIn);
    await until("the tab is signed out", () => told === 1);
    assert.deepEqual([tab.signedIn, tab.rooms.length, tab.me, tab.connection], [false, 0, null, "offline"]);
  });

  test("another device can be ended", async () => {
    const [here, there] = [await server.login("carol"), await started("carol")];
    const session = (await here.sessions()).find(({ current }) => !current);
    await here.endSession(session.id);
    await until("it is signed out", () => !there.signedIn);
    await here.logoutEverywhere();
    assert.ok(!here.signedIn);
  });
});

test("over a restart of the server nothing is lost, and a snapshot goes on where it was taken", async () => {
  const [ann, ben] = await Promise.all([server.login("alice"), server.login("carol")]);
  await Promise.all([ann.start(), ben.start()]);
  const [anns, bens] = await between(ann, ben);
  anns.send("one");
  await until("it has come", () => texts(bens).at(-1) === "one");
  const earlier = texts(bens);
  const snapshot = JSON.parse(JSON.stringify(ben.snapshot()));
  ben.stop();
  await server.halt();
  await until("the connection is lost", () => ann.connection === "connecting");
  anns.send("two");
  await server.launch();
  await until("it is sent", () => ann.outbox.rooms.length === 0);

  const asked = [];
  const later = server.client({
    storage: copyOf(ben),
    fetch: (url, options) => (asked.push(url.pathname), fetch(url, options)),
  });
  assert.ok(later.restore(snapshot));
  await later.start();
  await until("what was missed has come", () => texts(later.room(bens.name)).at(-1) === "two");
  assert.deepEqual(texts(later.room(bens.name)), [...earlier, "two"]);
  assert.ok(!asked.some((path) => path.endsWith("/sync/") || path.endsWith("/messages/")), asked.join(" "));
});

function copyOf(client) {
  const storage = new MemoryStorage();
  storage.setItem("chatclient.session", JSON.stringify(client.session.pair));
  return storage;
}
