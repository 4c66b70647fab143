/** The client of the chat API. Events are fired at most once per turn of the event loop. */

export interface User {
  id: string;
  username: string;
  display_name: string;
}

export interface Profile extends User {
  about: string;
  avatar_url: string | null;
}

export interface Me extends Profile {
  email: string;
  mobile_number: string | null;
  privacy: Record<string, string | boolean>;
  extra: Record<string, unknown>;
  rev: number;
  created_at: string;
}

/** A code that was sent. */
export interface Challenge {
  challenge: string;
  method: string;
  /** Masked. */
  sent_to: string;
  expires_at: string;
  /** From then on another code may be asked for. */
  resend_at: string;
}

/** A device that is logged in. */
export interface DeviceSession {
  id: string;
  device_name: string;
  address: string | null;
  created_at: string;
  last_used_at: string;
  current: boolean;
}

/** The server's problem object (RFC 9457); or `unreachable` (no answer: it may have happened) or `signed_out`. */
export class ProblemError extends Error {
  constructor(problem: Record<string, unknown>);
  readonly code: string;
  readonly status: number;
  readonly retry: "never" | "after" | "reauth";
  readonly retryAfterMs: number | undefined;
  readonly errors: { field: string; code: string; message: string }[];
  readonly requestId: string | undefined;
  /** The whole object, with members like `attempts_left`. */
  readonly problem: Record<string, unknown>;
}

/** Where tokens and unsent messages are kept. `localStorage` is one. */
export interface ClientStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export class MemoryStorage implements ClientStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** All in milliseconds, but `tries`. */
export interface Timing {
  reconnectMin: number;
  reconnectMax: number;
  answer: number;
  restAfter: number;
  patience: number;
  tries: number;
  marks: number;
  refreshAhead: number;
}

export interface Options {
  /** Where the server is: `location.origin` for a page that it serves itself. */
  baseUrl: string | URL;
  /** Default: `localStorage` in a browser, memory elsewhere. */
  storage?: ClientStorage;
  fetch?: typeof fetch;
  /** Needed where there is no global one: Node 20 and 21. */
  WebSocket?: unknown;
  timing?: Partial<Timing>;
  /** Short for the two of `timing`, in milliseconds. */
  backoff?: { min: number; max: number };
}

export type Connection = "offline" | "connecting" | "online";

export type TypingState = "typing" | "recording" | "idle";

export interface Quote {
  id: string;
  seq: number;
  sender: User;
  text: string;
  kind: string;
}

/** A message, as it is shown. The same object for as long as nothing about it changes. */
export interface Message {
  /** Absent until it is stored. */
  id?: string;
  /** Its place in the room; absent until it is stored. */
  seq?: number;
  clientId: string;
  kind: string;
  sender: User;
  text: string;
  replyTo: Quote | null;
  extra: Record<string, unknown> | null;
  createdAt: string;
  editedAt: string | null;
  deletedAt: string | null;
  /** Whether the user wrote it. */
  own: boolean;
  /** The ticks of an own message; one of others is always `sent`. */
  state: "pending" | "sent" | "delivered" | "read" | "failed";
  /** Why it failed. */
  error?: Error;
  /** The message as the API gave it; absent until it is stored. */
  data?: Record<string, unknown>;
}

export interface RoomSettings {
  pinned?: boolean;
  archived?: boolean;
  muted_until?: string | null;
  marked_unread?: boolean;
  /** Shared with the others. */
  extra?: Record<string, unknown>;
}

type Listener<Type extends string> = ((event: Event & { type: Type }) => void) | { handleEvent(event: Event): void } | null;

/** A conversation. */
export class Room extends EventTarget {
  private constructor();
  readonly name: string;
  readonly kind: "direct" | "group";
  readonly title: string;
  readonly peer: User | null;
  readonly unreadCount: number;
  readonly markedUnread: boolean;
  readonly pinned: boolean;
  readonly archived: boolean;
  readonly mutedUntil: string | null;
  readonly isMuted: boolean;
  readonly canSend: boolean;
  readonly lastActivityAt: string;
  readonly lastMessage: Message | null;
  /** Oldest first; those not yet stored last. */
  readonly messages: Message[];
  readonly hasOlder: boolean;
  readonly typists: { user: User; state: TypingState }[];
  /** The room as the API gave it last. */
  readonly data: Record<string, any>;
  /** Says something: shown as `pending` at once, stored exactly once, in order. */
  send(text: string, options?: { replyTo?: string | null; extra?: Record<string, unknown> | null }): Message;
  /** Tries a failed message again. */
  retry(clientId: string): void;
  /** Gives up a message that is not stored. */
  discard(clientId: string): void;
  /** Says that everything up to `seq` was read; without it, everything there is. */
  markRead(seq?: number): void;
  /** Fetches the page before the oldest message held; whether there are still older ones. */
  loadOlder(limit?: number): Promise<boolean>;
  /** To be called with every key: few frames leave. */
  setTyping(state?: TypingState): void;
  update(settings: RoomSettings): Promise<void>;
  /** Empties the room for the user alone. */
  clear(): Promise<void>;
  addEventListener(type: "change", listener: Listener<"change">, options?: boolean | AddEventListenerOptions): void;
}

export type ClientEvent = "change" | "rooms" | "connection" | "signedout" | "me";

/** What a client has to keep to begin later where it stands now; JSON. */
export type Snapshot = Record<string, unknown>;

/** One user on one device. */
export class ChatClient extends EventTarget {
  constructor(options: Options);
  readonly signedIn: boolean;
  /** Null when nobody is logged in. */
  readonly me: Me | null;
  readonly connection: Connection;
  /** The close code after which the client does not come back by itself. */
  readonly closeCode: number | undefined;
  /** Pinned ones first, then by activity. */
  readonly rooms: Room[];
  /** Unread messages in rooms that are neither muted nor archived. */
  readonly badge: number;

  register(account: {
    username: string;
    email: string;
    password: string;
    display_name?: string;
    mobile_number?: string;
  }): Promise<Challenge>;
  login(account: { login: string; password: string }): Promise<Challenge>;
  resend(challenge: Challenge | string): Promise<Challenge>;
  verify(answer: { challenge: Challenge | string; code: string; device_name?: string }): Promise<Me>;
  logout(): Promise<void>;
  logoutEverywhere(): Promise<void>;
  updateMe(changes: { display_name?: string; about?: string; extra?: Record<string, unknown> }): Promise<Me>;
  sessions(): Promise<DeviceSession[]>;
  endSession(id: string): Promise<void>;

  /** All rooms, then the socket. Resolves when the rooms are there. */
  start(): Promise<void>;
  stop(): void;
  room(name: string): Room | undefined;
  /** The direct room with somebody, by username or id. */
  open(user: string): Promise<Room>;
  /** People by the start of a name, or a whole address or number. */
  search(text: string): Promise<Profile[]>;
  snapshot(): Snapshot;
  /** Begins with a snapshot, before `start`; false for somebody else's. */
  restore(snapshot: Snapshot | null): boolean;
  addEventListener<Type extends ClientEvent>(
    type: Type,
    listener: Listener<Type>,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
