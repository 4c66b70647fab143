/** How patient a client is, in milliseconds. Tests make it shorter: `new ChatClient({ timing: {...} })`. */
export const TIMING = {
  reconnectMin: 1_000,
  reconnectMax: 30_000,
  /** How long to wait for an answer before repeating. */
  answer: 15_000,
  /** How long the socket may be down before messages go over REST. */
  restAfter: 2_000,
  /** A wait that the server asks for and that is longer than this is left to the caller. */
  patience: 60_000,
  /** How often a REST call is made before giving up. */
  tries: 5,
  /** Marks are collected for this long, so that a burst of messages is one frame. */
  marks: 200,
  /** A token is renewed this long before its end. */
  refreshAhead: 60_000,
};

/**
 * The wait before trying again what failed `failures` times: exponential, anywhere between the shortest wait and the
 * longest one, so that clients which were cut off together do not come back together.
 */
export function backoff(timing, failures, random = Math.random) {
  const top = Math.min(timing.reconnectMax, timing.reconnectMin * 2 ** Math.min(failures, 16));
  return timing.reconnectMin + random() * Math.max(0, top - timing.reconnectMin);
}

/** Resolves after `ms`. */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A token bucket a little below the announced rate of frames, so that none is refused. */
export class Pace {
  constructor(limits = {}) {
    this.rate = 0.9 * (limits.frames_per_second ?? 20);
    this.burst = 0.9 * (limits.frames_burst ?? 20);
    this.tokens = this.burst;
    this.filledAt = Date.now();
  }

  /** Takes the right to send one frame; how long to wait for it. */
  take() {
    const now = Date.now();
    const filled = this.tokens + ((now - this.filledAt) / 1000) * this.rate;
    this.tokens = Math.min(this.burst, filled) - 1;
    this.filledAt = now;
    return this.tokens < 0 ? (-this.tokens / this.rate) * 1000 : 0;
  }
}
