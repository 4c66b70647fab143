import assert from "node:assert/strict";
import test from "node:test";
import { Pace, TIMING, backoff } from "../src/timing.js";

test("the backoff grows from 1 to 30 seconds, anywhere in between", () => {
  assert.equal(backoff(TIMING, 0, () => 0), 1_000);
  assert.equal(backoff(TIMING, 0, () => 1), 1_000);
  assert.equal(backoff(TIMING, 3, () => 0), 1_000);
  assert.equal(backoff(TIMING, 3, () => 1), 8_000);
  assert.equal(backoff(TIMING, 3, () => 0.5), 4_500);
  for (const failures of [5, 6, 50, 5_000]) assert.equal(backoff(TIMING, failures, () => 1), 30_000);
});

test("the pace lets a burst through, then keeps below the rate", (context) => {
  context.mock.timers.enable({ apis: ["Date"] });
  const pace = new Pace({ frames_per_second: 10, frames_burst: 20 });
  for (let frame = 0; frame < 18; frame += 1) assert.equal(pace.take(), 0);
  const wait = pace.take();
  assert.ok(wait > 100 && wait < 120, String(wait));
  context.mock.timers.tick(10_000);
  assert.equal(pace.take(), 0);
});
