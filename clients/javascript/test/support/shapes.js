/** Rooms, messages and frames as the server gives them, as far as the rules look at them. */

export const ME = "me";
export const user = (id) => ({ id, username: id, display_name: id });

export const message = (seq, { sender = "bob", rev = seq, ...more } = {}) => ({
  id: `m${seq}`,
  seq,
  rev,
  client_id: `c${seq}`,
  kind: "text",
  sender: user(sender),
  text: `text ${seq}`,
  created_at: `2026-01-01T00:00:${String(seq).padStart(2, "0")}.000Z`,
  deleted_at: null,
  ...more,
});

export const room = ({ name = "r", seq = 0, rev = seq, marks = 0, my = {}, last = null, ...more } = {}) => ({
  room_name: name,
  kind: "direct",
  title: "Bob",
  seq,
  rev,
  marks,
  last_activity_at: "2026-01-01T00:00:00.000Z",
  last_message: last ?? (seq > 0 ? message(seq) : null),
  others: { delivered_seq: 0, read_seq: 0 },
  peer: user("bob"),
  my: {
    state: "member",
    last_read_seq: 0,
    unread_count: 0,
    muted_until: null,
    archived: false,
    pinned_at: null,
    marked_unread: false,
    first_visible_seq: 1,
    can: { send: true },
    ...my,
  },
  ...more,
});

export const created = (seq, { rev = seq, prev = rev - 1, ...more } = {}) => ({
  type: "message.created",
  room: "r",
  rev,
  prev,
  data: message(seq, { rev, ...more }),
});

export const updated = (seq, rev, more = {}) => ({ ...created(seq, { rev, ...more }), type: "message.updated" });

export const receipt = (marks, who, read_seq, delivered_seq = read_seq) => ({
  type: "receipt.updated",
  room: "r",
  marks,
  data: { user: user(who), delivered_seq, read_seq },
});

/** An answer of `changes/`. */
export const changes = (frames, { rev = frames.at(-1)?.rev ?? 0, marks = 0, receipts = [], complete = true } = {}) => ({
  epoch: "e",
  rev,
  marks,
  changes: frames,
  receipts,
  complete,
});

/** Lets everything that is ready happen. */
export const settle = async (turns = 20) => {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
