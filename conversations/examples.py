"""What the REST calls of conversations take and answer, for the documents; a test holds each against its schema."""

from typing import Any

from accounts.examples import ALICE, BOB, ME
from chatapi.schema import asked, shown
from conversations.frame_examples import CHANGES, CLIENT_ID, EPOCH, OWN_MESSAGE, READ, ROOM, ROOM_NAME, frame

Json = dict[str, Any]

_NEW_ROOM: Json = ROOM | {
    "extra": {},
    "seq": 0,
    "rev": 0,
    "marks": 0,
    "last_activity_at": ROOM["created_at"],
    "last_message": None,
    "others": {"delivered_seq": 0, "read_seq": 0},
    "my": ROOM["my"] | {"last_read_seq": 0},
}
_FOLLOWING = f"/api/v1/conversations/{ROOM_NAME}/messages/?before=407&limit=1"
_MARKS: Json = {"delivered_seq": 42, "read_seq": 42}
_RECEIPTS: Json = {
    "marks": 95,
    "results": [
        {"user": ALICE, "delivered_seq": 407, "read_seq": 406},
        {"user": BOB, "delivered_seq": 407, "read_seq": 405},
    ],
}
_SYNC: Json = {
    "epoch": EPOCH,
    "reset": False,
    "badge": 0,
    "me": {"rev": 13, "changes": [], "complete": True},
    "rooms": {},
    "joined": [],
    "left": {},
    "next": None,
}
_SYNC_ROOM: Json = {"room": ROOM, "rev": 812, "marks": 95, "changes": [], "receipts": [], "limited": True}
_MISSED: Json = {"changes": CHANGES["changes"], "receipts": [READ], "limited": False}

OPEN = asked("By username", {"user": "bob"})
PIN = asked("Pin", {"pinned": True})
SEND = asked("Text", {"text": "hello"})
SEND_SAFELY = asked(
    "Safe to repeat",
    {"client_id": CLIENT_ID, "text": "hello"},
    "Put a fresh UUID into `client_id`: this one belongs to the first text that was sent with it.",
)
UP_TO = asked("Up to 42", {"seq": 42})
MARKS_OF_ROOMS = asked("One room", {"rooms": {ROOM_NAME: 42}})
NEW_DEVICE = asked("New device", {})
OLD_DEVICE = asked("Back after a while", {"epoch": EPOCH, "me": 12, "rooms": {ROOM_NAME: {"rev": 811, "marks": 94}}})

ROOMS = shown("The first page", {"results": [ROOM], "next": None, "previous": None})
NEW_ROOM = shown("A new room", _NEW_ROOM, status=201)
KNOWN_ROOM = shown("The room from before", ROOM, status=200)
ONE_ROOM = shown("A room", ROOM)
MESSAGES = shown("The newest message", {"results": [OWN_MESSAGE], "next": _FOLLOWING, "previous": None})
SENT = shown("Stored", OWN_MESSAGE)
ONE_MESSAGE = shown("A message", OWN_MESSAGE)
MARKS = shown("The caller's marks", _MARKS)
RECEIPTS = shown("Of two people", _RECEIPTS)
MISSED = shown("One message, one receipt", CHANGES)
ANOTHER_EPOCH = shown("Begin anew", {"epoch": EPOCH, "reset": True})
SYNC_ALL = shown("New device", _SYNC | {"rooms": {ROOM_NAME: _SYNC_ROOM}})
SYNC_MISSED = shown(
    "Back after a while",
    _SYNC
    | {
        "me": {"rev": 13, "changes": [frame("user.updated", ME, me=13, prev=12)], "complete": True},
        "rooms": {ROOM_NAME: _SYNC_ROOM | _MISSED},
    },
)
