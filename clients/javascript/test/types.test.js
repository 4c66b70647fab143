import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import * as client from "../src/index.js";
import { Room } from "../src/room.js";

const declared = await readFile(new URL("../index.d.ts", import.meta.url), "utf8");

/** The members that index.d.ts declares for a class. */
function members(name) {
  const body = declared.split(`export class ${name} `)[1].split("\n}")[0];
  return [...body.matchAll(/^  (?:readonly )?(\w+)(?:<[^(]*)?[(:]/gm)].map(([, member]) => member).filter((member) => member !== "constructor");
}

test("everything that index.d.ts declares exists", () => {
  const storage = new client.MemoryStorage();
  const chat = new client.ChatClient({ baseUrl: "http://chat.test", storage });
  const problem = new client.ProblemError({ code: "x" });
  const room = Room.prototype;
  for (const [name, object] of Object.entries({ ChatClient: chat, Room: room, ProblemError: problem, MemoryStorage: storage })) {
    const missing = members(name).filter((member) => !(member in object) && member !== "name");
    assert.deepEqual(missing, [], name);
    assert.ok(members(name).length > 2, name);
  }
  assert.deepEqual(Object.keys(client).sort(), ["ChatClient", "MemoryStorage", "ProblemError"]);
});
