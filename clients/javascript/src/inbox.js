import { ProblemError, unreachable } from "./errors.js";
import { Pace, backoff } from "./timing.js";

/** After these codes connecting again would end the same way. */
const FINAL = new Set([1009, 4400, 4403, 4404, 4409, 4410]);
const TOKEN = 4401;
const FLOOD = 4429;
const RESTART = 1012;

/**
 * The socket `ws/inbox/`, kept up: it comes back after every loss, unless the server said not to.
 *
 * Events: `state`, and `frame` for whatever is not an answer.
 */
export class Inbox {
  #socket = null;
  #asked = new Map();
  #refs = 0;
  #pace = new Pace();
  #failures = 0;
  #announced = null;
  #heardAt = 0;
  #beat = 25_000;
  #timer = null;
  #watchdog = null;
  #halted = null;

  /**
   * @param {{url: string, WebSocket: any, timing: any, prepare: () => Promise<string>,
   *   resume: (hello: any) => Promise<void>, refresh: (token: string) => Promise<void>, onFrame: (frame: any) => void,
   *   onState: (state: string, code?: number) => void}} options
   *   `prepare` gives the token before each connection, `resume` catches up after the hello
   */
  constructor(options) {
    Object.assign(this, options);
    /** `offline`, `connecting` or `online`. */
    this.state = "offline";
    this.running = false;
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.#listen("addEventListener");
    this.#connect();
  }

  stop() {
    this.running = false;
    this.#listen("removeEventListener");
    this.#lose(1000);
    clearTimeout(this.#timer);
    this.#become("offline");
  }

  get isUp() {
    return this.state === "online";
  }

  /** Connects now instead of later; a connection that may be dead is asked for a sign of life. */
  wake() {
    if (!this.running || navigatorIsOffline()) return;
    if (this.#halted === 4409) this.#halted = null; // another tab took its place; now the user looks at this one
    if (this.#socket) this.#check(1);
    else if (this.#halted === null) this.#connectIn(0);
  }

  /** Sends a command and waits for its answer's data. Rejects with a ProblemError; `unreachable` when the line broke. */
  ask(type, data, room) {
    const ref = String((this.#refs += 1));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#drop(), this.timing.answer);
      this.#asked.set(ref, { resolve, reject, timer });
      this.#send({ type, ref, ...(room && { room }), data });
    });
  }

  /** Sends a passing frame, if the socket is up; nobody answers it. */
  say(type, data, room) {
    if (this.isUp) this.#send({ type, room, data });
  }

  // One connection

  async #connect() {
    this.#timer = null;
    if (!this.running) return;
    if (navigatorIsOffline()) return this.#become("offline");
    this.#become("connecting");
    try {
      const token = await this.prepare();
      if (this.running && this.#socket === null) this.#open(token);
    } catch (error) {
      if (this.running && this.#timer === null) this.#again(error.retryAfterMs);
    }
  }

  #open(token) {
    const socket = new this.WebSocket(this.url);
    this.#socket = socket;
    this.#watch(this.timing.answer);
    const mine = (handle) => (event) => this.#socket === socket && handle(event);
    socket.onopen = mine(() => socket.send(JSON.stringify({ type: "auth", data: { token } })));
    socket.onmessage = mine((event) => this.#hear(JSON.parse(event.data)));
    // The code comes with `close`, which some implementations leave out when there was no connection at all.
    socket.onerror = mine(() => setTimeout(mine(() => this.#drop()), 100));
    socket.onclose = mine((event) => this.#closed(event.code, token));
  }

  #hear(frame) {
    this.#heardAt = Date.now();
    switch (frame.type) {
      case "hello":
        return this.#greet(frame);
      case "server.restarting":
        this.#announced = frame.data.reconnect_after_ms;
        return undefined;
    }
    if (frame.type === "error" || (frame.ref !== undefined && this.#asked.has(frame.ref))) return this.#answer(frame);
    return this.onFrame(frame);
  }

  async #greet(hello) {
    const socket = this.#socket;
    this.#pace = new Pace(hello.data.limits);
    this.#beat = hello.data.heartbeat_seconds * 1000;
    this.#watch(2.5 * this.#beat);
    try {
      await this.resume(hello);
    } catch {
      if (this.#socket === socket) this.#drop();
      return;
    }
    if (this.#socket !== socket) return;
    this.#failures = 0;
    this.#become("online");
  }

  /** An error without a `ref` is about a frame that was not even read: whoever waits has to repeat. */
  #answer(frame) {
    const refs = frame.ref === undefined ? [...this.#asked.keys()] : [frame.ref];
    for (const ref of refs) {
      const waiting = this.#asked.get(ref);
      this.#asked.delete(ref);
      clearTimeout(waiting?.timer);
      if (frame.type === "error") waiting?.reject(new ProblemError(frame.error));
      else waiting?.resolve(frame.data);
    }
  }

  #send(frame) {
    const socket = this.#socket;
    const send = () => {
      if (this.#socket === socket && socket?.readyState === 1) socket.send(JSON.stringify(frame));
      else this.#answer({ type: "error", ref: frame.ref ?? "", error: unreachable("The socket is down.").problem });
    };
    const wait = this.#pace.take();
    if (wait > 0) setTimeout(send, wait);
    else send();
  }

  // Its end

  /** The line is silent or useless: a new one is faster than waiting for its end. */
  #drop() {
    if (this.#socket) this.#closed(1006);
  }

  #closed(code, token) {
    this.#lose();
    if (!this.running) return;
    if (FINAL.has(code)) {
      this.#halted = code;
      this.#become("offline", code);
    } else if (code === TOKEN) {
      this.#renew(token);
    } else if (code === FLOOD) {
      this.#again(this.timing.reconnectMax);
    } else {
      this.#again(code === RESTART || this.#announced !== null ? this.#announced : undefined);
    }
  }

  /** With a new token it comes back at once; if that is no good either, it takes its time. */
  async #renew(token) {
    this.#become("connecting");
    const isFirst = this.#failures === 0;
    try {
      await this.refresh(token);
    } catch {
      return this.#again();
    }
    if (!isFirst) return this.#again();
    this.#failures = 1;
    if (this.running && !this.#socket) this.#connectIn(0);
  }

  #lose(code = 4000) {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#watchdog);
    try {
      socket?.close(code);
    } catch {
      // it was not even open
    }
    this.#answer({ type: "error", error: unreachable("The socket went down.").problem });
  }

  /** Connects again: after the announced wait, or the next step of the backoff. */
  #again(wait) {
    if (!this.running) return;
    this.#become(navigatorIsOffline() ? "offline" : "connecting");
    this.#failures += 1;
    const jitter = backoff(this.timing, wait === undefined || wait === null ? this.#failures : 0);
    this.#announced = null;
    this.#connectIn((wait ?? 0) + jitter);
  }

  #connectIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), ms);
  }

  #become(state, code) {
    if (this.state === state && code === undefined) return;
    this.state = state;
    this.onState(state, code);
  }

  // Signs of life

  /** Looks regularly whether anything was heard within `silence`. Compares clocks: timers sleep with the machine. */
  #watch(silence) {
    this.#heardAt = Date.now();
    clearInterval(this.#watchdog);
    this.#watchdog = setInterval(() => {
      if (Date.now() - this.#heardAt > silence) this.#drop();
    }, Math.max(50, silence / 5));
  }

  /** Asks for a sign of life when nothing was heard for `beats` heartbeats. */
  #check(beats) {
    const socket = this.#socket;
    if (!this.isUp || Date.now() - this.#heardAt < beats * this.#beat) return;
    const asked = this.#heardAt;
    this.say("ping", {});
    setTimeout(() => this.#socket === socket && this.#heardAt === asked && this.#drop(), 5_000);
  }

  // The browser's own signs

  #onOnline = () => this.wake();
  #onVisible = () => globalThis.document?.visibilityState === "visible" && this.wake();
  #onOffline = () => {
    this.#lose();
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#halted === null) this.#become("offline");
  };

  #listen(verb) {
    globalThis.window?.[verb]?.("online", this.#onOnline);
    globalThis.window?.[verb]?.("offline", this.#onOffline);
    globalThis.document?.[verb]?.("visibilitychange", this.#onVisible);
  }
}

const navigatorIsOffline = () => globalThis.window !== undefined && globalThis.navigator?.onLine === false;
