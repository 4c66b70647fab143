import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ChatClient, MemoryStorage } from "../../src/index.js";
import { Proxy } from "./proxy.js";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PASSWORD = "correct horse battery";
/** What steers the server; a test starts it with nothing set. */
const STEERING = ["DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DEBUG"];

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `holds`, or says what did not. */
export async function until(what, holds, patience = 40_000) {
  const deadline = Date.now() + patience;
  for (let held; !(held = await holds()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}`);
  }
}

/** A server of our own, with alice, bob and carol, in a folder of its own. */
export class Server {
  clients = [];
  proxies = [];
  turns = {};

  static async start(environment = {}) {
    const server = new Server();
    server.folder = await mkdtemp(path.join(os.tmpdir(), "chat-js-"));
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}`;
    const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !STEERING.includes(name)));
    server.environment = { ...kept, DATA_DIR: server.folder, CODE_RESEND_SECONDS: "1", ...environment };
    await server.launch();
    return server;
  }

  async launch() {
    const line = ["manage.py", "up", "--port", String(this.port), "--demo"];
    const python = process.env.PYTHON ?? "python3";
    this.process = spawn(python, line, { cwd: ROOT, env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
    this.words = "";
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on("data", (data) => (this.words += data));
    const end = () => this.process.kill();
    process.once("exit", end); // also when a test file fails as a whole
    this.process.once("exit", () => process.off("exit", end));
    this.gone = new Promise((resolve) => this.process.once("exit", resolve));
    await until(`the server answers:\n${this.words}`, async () => {
      if (this.process.exitCode !== null) throw new Error(`The server ended:\n${this.words}`);
      return (await fetch(`${this.url}/readyz/`).catch(() => ({}))).ok;
    }, 40_000);
  }

  async halt() {
    this.process.kill("SIGTERM");
    const hard = setTimeout(() => this.process.kill("SIGKILL"), 15_000);
    await this.gone;
    clearTimeout(hard);
  }

  /** Ends everything, so that a test file ends too, also one that failed halfway. */
  async stop() {
    for (const client of this.clients) client.stop();
    for (const proxy of this.proxies) proxy.stop();
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A wire of its own to the server. */
  async proxy() {
    const proxy = await Proxy.start(this.port);
    this.proxies.push(proxy);
    return proxy;
  }

  /** A client of nobody. */
  client(options = {}) {
    const short = { reconnectMin: 20, reconnectMax: 200, restAfter: 300, marks: 20, answer: 30_000 };
    const client = new ChatClient({ baseUrl: this.url, storage: new MemoryStorage(), timing: short, ...options });
    this.clients.push(client);
    return client;
  }

  /** A client of one of the example people, logged in; one at a time, so that nobody takes another's code. */
  login(name, options) {
    const turn = (this.turns[name] ?? Promise.resolve()).then(() => this.#login(name, options));
    this.turns[name] = turn.catch(() => {});
    return turn;
  }

  async #login(name, options) {
    const client = this.client(options);
    const known = (await this.mails(name)).length;
    const challenge = await client.login({ login: name, password: PASSWORD });
    await client.verify({ challenge, code: await this.code(name, known), device_name: "test" });
    return client;
  }

  /** The newest code for somebody, once there are more than `known` mails. */
  async code(name, known = 0) {
    let mails = [];
    await until(`${name} has mail`, async () => (mails = await this.mails(name)).length > known);
    return mails[0].text.match(/\b\d{6}\b/)[0];
  }

  async mails(name) {
    const headers = { Accept: "application/json" };
    return (await (await fetch(`${this.url}/dev/mail/?to=${name}@example.org`, { headers })).json()).results;
  }
}

function freePort() {
  return new Promise((resolve) => {
    const listener = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}
