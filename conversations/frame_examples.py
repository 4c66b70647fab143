"""What frames look like, for the documents; a test holds every one against its schema, and traffic against the same."""

from typing import Any

from accounts.examples import ALICE, BOB, SESSION_ID
from chatapi.limits import Limits
from chatapi.schema import EXAMPLE_REQUEST_ID

Json = dict[str, Any]

ROOM_NAME = "b0sQzX9yV3kR7mN2pL5tW8aC"
EPOCH = "8d3c1f0a9b7e6d54"
CLIENT_ID = "5f1e8f0a-3c1b-4a57-9a43-0c8f6f4e2d11"
AT = "2026-01-31T12:00:00.123Z"

MESSAGE: Json = {
    "id": "0190a2f4-9e30-7d3a-9b51-3f2d8e6c4a10",
    "room_name": ROOM_NAME,
    "seq": 407,
    "rev": 812,
    "client_id": CLIENT_ID,
    "kind": "text",
    "sender": ALICE,
    "text": "hello",
    "attachments": [],
    "reply_to": None,
    "mentions": [],
    "forward_count": 0,
    "reactions": [],
    "pinned_until": None,
    "expires_at": None,
    "system": None,
    "content": None,
    "context": None,
    "extra": None,
    "created_at": AT,
    "edited_at": None,
    "deleted_at": None,
}
OWN_MESSAGE = MESSAGE | {"mine": {"starred": False, "reaction": None, "played": False}}
DELETED = MESSAGE | {"rev": 813, "text": "", "deleted_at": "2026-01-31T12:03:00.000Z"}

SHARED_ROOM: Json = {
    "room_name": ROOM_NAME,
    "kind": "direct",
    "created_at": "2026-01-02T08:30:00.000Z",
    "extra": {"colour": "teal"},
    "disappearing_seconds": None,
}
ROOM: Json = SHARED_ROOM | {
    "title": "Bob",
    "avatar_url": None,
    "seq": 407,
    "rev": 812,
    "marks": 95,
    "last_activity_at": AT,
    "last_message": OWN_MESSAGE,
    "members_count": 2,
    "others": {"delivered_seq": 407, "read_seq": 405},
    "peer": BOB,
    "group": None,
    "my": {
        "state": "member",
        "role": "member",
        "last_read_seq": 406,
        "unread_count": 0,
        "mention_count": 0,
        "muted_until": None,
        "archived": False,
        "pinned_at": None,
        "marked_unread": False,
        "first_visible_seq": 1,
        "can": {"send": True, "edit": True, "add": False},
        "cannot_send_reason": None,
    },
}
MEMBER = {"user": BOB, "state": "member", "role": "member"}
RECEIPT = {"user": BOB, "delivered_seq": 407, "read_seq": 407}
PROBLEM: Json = {
    "type": "/swagger/#problem-client_id_reused",
    "title": "The client_id belongs to another message.",
    "status": 409,
    "detail": "The client_id belongs to another message.",
    "code": "client_id_reused",
    "request_id": EXAMPLE_REQUEST_ID,
    "retry": "never",
}
GREETING: Json = {
    "epoch": EPOCH,
    "server_time": AT,
    "heartbeat_seconds": 25,
    "user": ALICE,
    "session": SESSION_ID,
    "limits": Limits().as_json(),
}


def frame(kind: str, data: Json | None = None, **members: Any) -> Json:
    """A server frame as it is on the wire."""
    return {"type": kind, **members, "at": AT} | ({} if data is None else {"data": data})


CREATED = frame("message.created", MESSAGE, room=ROOM_NAME, rev=812, prev=811)
READ = frame("receipt.updated", RECEIPT, room=ROOM_NAME, marks=95)
CHANGES: Json = {
    "epoch": EPOCH,
    "rev": 812,
    "marks": 95,
    "changes": [CREATED | {"data": OWN_MESSAGE}],
    "receipts": [READ],
    "complete": True,
}
