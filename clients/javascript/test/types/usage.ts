// Not run: compiled, to show that the types fit what the README does.
import { ChatClient, MemoryStorage, ProblemError, type Message, type Room, type Snapshot } from "chatclient";

const chat = new ChatClient({ baseUrl: location.origin, storage: localStorage, timing: { reconnectMax: 5_000 } });

export async function begin(code: string): Promise<Room> {
  try {
    const challenge = await chat.login({ login: "alice", password: "secret" });
    const me = await chat.verify({ challenge, code, device_name: "Alice's laptop" });
    console.log(me.email, challenge.sent_to, challenge.resend_at);
  } catch (error) {
    if (error instanceof ProblemError && error.code === "invalid_code") console.log(error.problem["attempts_left"]);
    throw error;
  }
  await chat.start();
  const [found] = await chat.search("bob");
  return chat.open(found?.username ?? "bob");
}

export function show(room: Room): string[] {
  room.addEventListener("change", (event) => console.log(event.type));
  chat.addEventListener("signedout", () => location.reload());
  // @ts-expect-error: there is no such event
  chat.addEventListener("message", () => {});
  // @ts-expect-error: read only
  room.title = "x";
  const sent: Message = room.send("hello", { replyTo: room.messages[0]?.id ?? null, extra: { mood: "good" } });
  if (sent.state === "failed") room.retry(sent.clientId);
  room.setTyping("idle");
  room.markRead();
  void room.update({ pinned: true, muted_until: null });
  return room.messages.map(({ sender, text, state, seq = 0 }) => `${seq} ${sender.display_name} ${text} ${state}`);
}

export const kept: Snapshot = chat.snapshot();
export const inNode = new ChatClient({ baseUrl: new URL("http://localhost:8000"), storage: new MemoryStorage(), WebSocket });
