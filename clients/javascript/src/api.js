import { ProblemError, signedOut, unreachable } from "./errors.js";
import { Session } from "./session.js";
import { backoff, sleep } from "./timing.js";

const PREFIX = "/api/v1/";

/** REST: one call with everything around it: token, refresh, repeats. */
export class Api {
  #fetch;
  #timing;

  /** @param {{baseUrl: string | URL, storage: any, fetch?: any, timing: any}} options */
  constructor({ baseUrl, storage, fetch = globalThis.fetch, timing }) {
    this.baseUrl = String(baseUrl);
    this.#fetch = (url, options) => fetch(url, options);
    this.#timing = timing;
    const renew = (refresh) => this.post("accounts/token/refresh/", { refresh }, { auth: false });
    this.session = new Session({ storage, request: renew });
  }

  get(path, query) {
    return this.call("GET", path, { query });
  }

  /** A POST that may be repeated: it is idempotent by itself, or by a `client_id`. */
  post(path, body, options) {
    return this.call("POST", path, { body, ...options });
  }

  /** A POST that is made once: a second one would have a second effect, such as another mail. */
  postOnce(path, body, options) {
    return this.call("POST", path, { body, repeatable: false, ...options });
  }

  patch(path, body) {
    return this.call("PATCH", path, { body });
  }

  delete(path) {
    return this.call("DELETE", path);
  }

  /**
   * One call, repeated as the problem's `retry` says, and after a lost connection where that is harmless.
   * `path` is relative to the API, or absolute as in a list's `next`.
   */
  async call(method, path, { body, query, auth = true, repeatable = true } = {}) {
    let refreshed = false;
    for (let attempt = 1; ; attempt += 1) {
      const token = auth ? this.session.access : null;
      try {
        return await this.#send(method, path, body, query, token);
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        if (error.retry === "reauth" && token && !refreshed) {
          refreshed = true;
          await this.session.refresh(token);
        } else if (error.retry === "after" && repeatable && attempt < this.#timing.tries) {
          await this.#wait(error, attempt);
        } else {
          throw error.code === "session_ended" && token ? this.#ended() : error;
        }
      }
    }
  }

  #ended() {
    this.session.end();
    return signedOut();
  }

  async #wait(error, attempt) {
    const ms = error.retryAfterMs ?? backoff(this.#timing, attempt);
    if (ms > this.#timing.patience) throw error;
    await sleep(ms);
  }

  async #send(method, path, body, query, token) {
    const headers = { Accept: "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const signal = AbortSignal.timeout?.(this.#timing.answer);
    let reply;
    let text;
    try {
      const options = { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) };
      reply = await this.#fetch(this.#url(path, query), options);
      text = await reply.text();
    } catch (error) {
      throw unreachable(String(error?.message ?? error));
    }
    const answer = parsed(text);
    if (reply.ok && answer !== undefined) return answer;
    throw new ProblemError(isProblem(answer) ? answer : stranger(reply, text));
  }

  #url(path, query = {}) {
    const url = new URL(path.startsWith("/") ? path : PREFIX + path, this.baseUrl);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
    }
    return url;
  }
}

/** The JSON of an answer; null for none, undefined for something else. */
function parsed(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isProblem = (answer) => typeof answer?.code === "string" && typeof answer?.status === "number";

/** An answer that is not the server's own: a proxy in between. */
function stranger(reply, text) {
  const away = reply.status >= 500 || reply.ok;
  return { code: "unexpected_answer", status: reply.status, retry: away ? "after" : "never", detail: text.slice(0, 200) };
}
