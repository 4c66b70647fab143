import { signedOut } from "./errors.js";
import { Slot } from "./storage.js";

/**
 * The tokens of one device, shared by all its tabs through the storage.
 *
 * Only one tab refreshes at a time where the browser has locks; elsewhere the server answers the same pair to all who
 * ask within a minute. Before refreshing, the stored pair is read again: another tab may have been faster.
 */
export class Session extends EventTarget {
  #slot;
  #refreshing = null;
  #locks;
  #request;
  #listener = null;

  /**
   * @param {{storage: any, request: (refresh: string) => Promise<any>, key?: string, locks?: any}} options
   *   `request` asks the server for a new pair.
   */
  constructor({ storage, request, key = "chatclient.session", locks = globalThis.navigator?.locks }) {
    super();
    this.#slot = new Slot(storage, key);
    this.#locks = locks;
    this.#request = request;
    this.pair = this.#slot.read();
    this.#watch(key);
  }

  get signedIn() {
    return this.pair !== null;
  }

  /** The access token. Throws `signed_out`. */
  get access() {
    if (this.pair === null) throw signedOut();
    return this.pair.access;
  }

  /** The end of the access token, in the server's time. */
  get expiresAt() {
    return this.pair === null ? 0 : Date.parse(this.pair.access_expires_at);
  }

  /** Keeps the answer of `verify` or of a refresh. */
  begin(answer) {
    this.#adopt({ ...this.pair, ...answer });
    this.#slot.write(this.pair);
  }

  /** Keeps the own profile with the tokens. */
  keepUser(user) {
    if (this.pair !== null) this.begin({ user });
  }

  /** Forgets the tokens here and in all tabs. */
  end() {
    if (this.#slot.read()?.session === this.pair?.session) this.#slot.write(null);
    this.#drop();
  }

  /** Replaces the access token `spent`; calls that come together share one refresh. Throws when the session is over. */
  refresh(spent) {
    this.#refreshing ??= this.#exclusively(() => this.#renew(spent)).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  close() {
    globalThis.window?.removeEventListener?.("storage", this.#listener);
  }

  #exclusively(work) {
    return this.#locks?.request ? this.#locks.request(this.#slot.key, work) : work();
  }

  async #renew(spent) {
    if (this.pair === null) throw signedOut();
    if (this.#takeNewer(spent)) return;
    const { refresh } = this.pair;
    try {
      this.begin(await this.#request(refresh));
    } catch (error) {
      if (error.status !== 401) throw error;
      if (this.#takeNewer(spent)) return; // a tab without locks was faster
      this.end();
      throw signedOut();
    }
  }

  /** Whether somebody else has renewed the token already; then theirs is ours. */
  #takeNewer(spent) {
    const stored = this.#slot.read();
    if (stored?.session === this.pair?.session && stored.access !== spent) this.#adopt(stored);
    return this.pair !== null && this.pair.access !== spent;
  }

  #watch(key) {
    this.#listener = (event) => {
      if (event.key !== key && event.key !== null) return;
      const stored = this.#slot.read();
      if (this.pair === null || stored?.session === this.pair.session) return stored && this.pair && this.#adopt(stored);
      this.#drop(); // signed out in another tab, or somebody else signed in there
    };
    globalThis.window?.addEventListener?.("storage", this.#listener);
  }

  #adopt(pair) {
    this.pair = pair;
    this.dispatchEvent(new Event("change"));
  }

  #drop() {
    if (this.pair === null) return;
    this.pair = null;
    this.dispatchEvent(new Event("ended"));
  }
}
