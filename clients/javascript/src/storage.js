/** Where tokens and unsent messages are kept: anything with `getItem`, `setItem` and `removeItem`. */
export class MemoryStorage {
  #items = new Map();

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, String(value));
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}

/** `localStorage` where there is one that works (a browser may forbid it), else memory. */
export function defaultStorage() {
  try {
    const storage = globalThis.window?.localStorage;
    if (storage) {
      storage.setItem("chatclient.probe", "");
      storage.removeItem("chatclient.probe");
      return storage;
    }
  } catch {
    // forbidden or full
  }
  return new MemoryStorage();
}

/** One JSON value in a storage. */
export class Slot {
  constructor(storage, key) {
    this.storage = storage;
    this.key = key;
  }

  read() {
    try {
      return JSON.parse(this.storage.getItem(this.key));
    } catch {
      return null;
    }
  }

  write(value) {
    try {
      if (value === null) this.storage.removeItem(this.key);
      else this.storage.setItem(this.key, JSON.stringify(value));
    } catch {
      // a full storage must not stop the chat
    }
  }
}
