import assert from "node:assert/strict";
import test from "node:test";
import { Api } from "../src/api.js";
import { ProblemError } from "../src/errors.js";
import { Session } from "../src/session.js";
import { MemoryStorage } from "../src/storage.js";
import { TIMING } from "../src/timing.js";

const pair = (number, session = "s") => ({
  access: `a${number}`,
  refresh: `r${number}`,
  access_expires_at: "2026-01-01T00:00:00.000Z",
  session,
});
const ended = () => new ProblemError({ code: "session_ended", status: 401, retry: "reauth" });

/** A server that gives a pair for the pair before, and again as long as the new one was not used. */
class Tokens {
  current = 1;
  asked = 0;

  refresh = async (token) => {
    this.asked += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (token === `r${this.current}`) this.current += 1;
    else if (token !== `r${this.current - 1}`) throw ended();
    return pair(this.current);
  };
}

/** Like navigator.locks. */
class Locks {
  #last = Promise.resolve();

  request(name, work) {
    this.#last = this.#last.catch(() => {}).then(work);
    return this.#last;
  }
}

const begun = (options) => {
  const storage = options.storage ?? new MemoryStorage();
  const session = new Session({ storage, locks: null, ...options });
  if (!session.signedIn) session.begin(pair(1));
  return session;
};

test("calls that come together share one refresh", async () => {
  const server = new Tokens();
  const session = begun({ request: server.refresh });
  await Promise.all([session.refresh("a1"), session.refresh("a1"), session.refresh("a1")]);
  assert.equal(session.access, "a2");
  assert.equal(server.asked, 1);
});

test("with locks the second tab takes what the first one got", async () => {
  const [server, storage, locks] = [new Tokens(), new MemoryStorage(), new Locks()];
  const tabs = [1, 2, 3].map(() => begun({ storage, locks, request: server.refresh }));
  await Promise.all(tabs.map((tab) => tab.refresh("a1")));
  assert.deepEqual(tabs.map((tab) => tab.access), ["a2", "a2", "a2"]);
  assert.equal(server.asked, 1);
});

test("without locks tabs that refresh at once get the same pair", async () => {
  const [server, storage] = [new Tokens(), new MemoryStorage()];
  const tabs = [1, 2].map(() => begun({ storage, request: server.refresh }));
  await Promise.all(tabs.map((tab) => tab.refresh("a1")));
  assert.deepEqual(tabs.map((tab) => tab.access), ["a2", "a2"]);
});

test("a tab that comes far too late finds newer tokens and does not sign out", async () => {
  const [server, storage] = [new Tokens(), new MemoryStorage()];
  const [early, late] = [1, 2].map(() => begun({ storage, request: server.refresh }));
  await early.refresh("a1");
  await early.refresh("a2");
  await late.refresh("a1");
  assert.equal(late.access, "a3");
  assert.equal(server.asked, 2);
});

test("a tab whose refresh was refused takes what came meanwhile", async () => {
  const storage = new MemoryStorage();
  const session = begun({
    storage,
    request: async () => {
      storage.setItem("chatclient.session", JSON.stringify(pair(7)));
      throw ended();
    },
  });
  await session.refresh("a1");
  assert.equal(session.access, "a7");
});

test("a session that is over signs out, everywhere", async () => {
  const storage = new MemoryStorage();
  const session = begun({ storage, request: async () => Promise.reject(ended()) });
  let told = 0;
  session.addEventListener("ended", () => (told += 1));
  await assert.rejects(session.refresh("a1"), { code: "signed_out" });
  assert.equal(session.signedIn, false);
  assert.equal(told, 1);
  assert.equal(storage.getItem("chatclient.session"), null);
});

test("a server that is away does not sign out", async () => {
  const away = new ProblemError({ code: "unavailable", status: 503, retry: "after" });
  const session = begun({ request: async () => Promise.reject(away) });
  await assert.rejects(session.refresh("a1"), { code: "unavailable" });
  assert.equal(session.access, "a1");
});

test("a storage that fails keeps nobody from chatting", () => {
  const broken = { getItem: () => "{", setItem: () => assert.fail(), removeItem: () => {} };
  assert.equal(begun({ storage: broken, request: async () => {} }).access, "a1");
});

/** The tab of a browser: `storage` events reach the other tabs. */
test("storage events keep tabs in step", async (context) => {
  const page = new EventTarget();
  globalThis.window = page;
  context.after(() => delete globalThis.window);
  const storage = new MemoryStorage();
  const tab = begun({ storage, request: async () => {} });
  const change = (value) => {
    if (value) storage.setItem("chatclient.session", JSON.stringify(value));
    else storage.removeItem("chatclient.session");
    page.dispatchEvent(Object.assign(new Event("storage"), { key: "chatclient.session" }));
  };
  change(pair(2));
  assert.equal(tab.access, "a2");
  change(pair(9, "another login"));
  assert.equal(tab.signedIn, false);
  tab.begin(pair(3));
  change(null);
  assert.equal(tab.signedIn, false);
});

// REST

const answer = (status, body) => new Response(body === undefined ? null : JSON.stringify(body), { status });
const refused = (status, code, retry, more) => answer(status, { status, code, retry, ...more });

function api(...answers) {
  const calls = [];
  const timing = { ...TIMING, reconnectMin: 1, reconnectMax: 2 };
  const fetch = async (url, options) => {
    calls.push(`${options.method} ${url.pathname}${url.search} ${options.headers.Authorization ?? "-"}`);
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  const made = new Api({ baseUrl: "http://chat.test", storage: new MemoryStorage(), fetch, timing });
  made.session.begin(pair(1));
  return { made, calls };
}

test("an expired token is renewed and the call repeated, once", async () => {
  const expired = () => refused(401, "token_expired", "reauth");
  const { made, calls } = api(expired(), answer(200, pair(2)), answer(200, { ok: 1 }));
  assert.deepEqual(await made.get("users/", { search: "b", none: undefined }), { ok: 1 });
  assert.deepEqual(calls, [
    "GET /api/v1/users/?search=b Bearer a1",
    "POST /api/v1/accounts/token/refresh/ -",
    "GET /api/v1/users/?search=b Bearer a2",
  ]);
  const twice = api(expired(), answer(200, pair(2)), expired());
  await assert.rejects(twice.made.get("x/"), { code: "token_expired" });
  assert.equal(twice.calls.length, 3);
});

test("a wait is kept and the call repeated, unless it may have had an effect", async () => {
  const later = () => refused(429, "rate_limited", "after", { retry_after_ms: 5 });
  const { made } = api(later(), new TypeError("failed"), answer(204));
  assert.equal(await made.post("delivered/", {}), null);
  const once = api(later(), answer(200, {}));
  await assert.rejects(once.made.postOnce("accounts/login/", {}), { code: "rate_limited", retryAfterMs: 5 });
});

test("what is wrong is thrown at once, with its fields", async () => {
  const errors = [{ field: "user", code: "required", message: "Missing." }];
  const { made, calls } = api(refused(400, "invalid_input", "never", { errors, request_id: "q" }));
  await assert.rejects(made.post("conversations/", {}), { code: "invalid_input", status: 400, errors, requestId: "q" });
  assert.equal(calls.length, 1);
});

test("no answer, and one that is not the server's, are problems too", async () => {
  const { made } = api(new TypeError("failed"), new Response("<html>", { status: 404 }));
  await assert.rejects(made.postOnce("x/"), { code: "unreachable", retry: "after" });
  await assert.rejects(made.get("x/"), { code: "unexpected_answer", status: 404, retry: "never" });
});

test("a wait that is too long is left to the caller", async () => {
  const { made } = api(refused(429, "rate_limited", "after", { retry_after_ms: 600_000 }));
  await assert.rejects(made.get("x/"), { code: "rate_limited" });
});

test("without a session nothing is asked", async () => {
  const { made, calls } = api();
  made.session.end();
  await assert.rejects(made.get("x/"), { code: "signed_out" });
  assert.equal(calls.length, 0);
});
