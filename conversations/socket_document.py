"""The sockets for the AsyncAPI document: what is said on them in both directions, and how they end."""

from functools import cache
from typing import Any

from rest_framework import serializers

from accounts.examples import SESSION_ID
from chatapi.asyncapi import Channel, CloseCode, Query, asyncapi
from chatapi.frame_schema import ClientFrame, Frame, NothingField, client_frame, server_frame
from chatapi.limits import limits
from chatapi.rest import MomentField, StrictSerializer
from conversations import frame_examples as example
from conversations import frame_schemas as frames
from conversations.commands import ROOM_COMMANDS, SEND, NoInput, TokenInput
from conversations.frame_examples import ROOM_NAME
from conversations.schemas import MarksSchema, SharedMessageSchema
from conversations.serializers import FocusInput, MessageInput, ResumeInput, SeqInput, SinceFrameInput, TypingInput
from conversations.sync_schemas import ChangesSchema

DESCRIPTION = """\
The live side of the chat. A socket is a fast hint of rows that REST serves too: losing it costs time, never data.

**A socket begins** with `hello`. Frames of a room carry `rev` and `prev`: you have missed something exactly when your
number is below `prev`; apply frames in order, upsert by id, the higher `rev` wins. Fetch what is missing with `changes`
(as a frame, or `GET /api/v1/conversations/{room_name}/changes/`).

**Who you are**: `?Authorization=<access token>`, `?ticket=<ticket>`, a header `Authorization: Bearer <access token>`,
or a first frame `auth` within `auth_seconds`. A socket lives as long as its session, not as the token that opened it.

**After that no client frame is ever required**: liveness is the WebSocket's own ping and pong.

**Frames** are JSON text. Unknown fields and types from the server are to be ignored; unknown fields from a client are
an `error` frame. A frame with a `ref` is answered with that `ref`: an `ack` (after the commit) or an `error`, the same
problem object as in REST. Sends of one socket run in order. An `ack` and the `message.created` of the same message come
in no fixed order: match by sender and `client_id`. Above the rate a frame is refused with `rate_limited` and
`retry_after_ms`.

**A socket ends** with a code from the table below; after any other one reconnect with a jittered backoff of 1 to 30 s.
"""

CLOSE_CODES = [
    CloseCode(
        1009, f"a frame above {limits().frame_bytes} bytes; before the hello above 65536", "not send such frames"
    ),
    CloseCode(1011, "the server met an error", "reconnect"),
    CloseCode(
        1012,
        "the server restarts, or cannot serve the room just now",
        "reconnect, after the announced delay if there was one",
    ),
    CloseCode(1013, "the database was away when the socket opened", "reconnect"),
    CloseCode(4400, f"more than {limits().bad_frames_per_minute} bad frames in a minute", "not retry"),
    CloseCode(4401, "token missing, invalid or expired; session ended", "refresh the token, then reconnect"),
    CloseCode(4403, "no longer a member", "not retry"),
    CloseCode(4404, "no such room, or never a member of it", "not retry"),
    CloseCode(4408, "too slow in reading", "reconnect with `since`"),
    CloseCode(
        4409,
        f"too many sockets of this session ({limits().room_sockets_per_session} rooms,"
        f" {limits().inbox_sockets_per_session} inboxes); the oldest closes",
        "not retry",
    ),
    CloseCode(4410, "origin not allowed", "be served from an allowed origin"),
    CloseCode(4429, "flood, far above the rate", "wait, then reconnect"),
]


class SessionSchema(serializers.Serializer[Any]):
    """Whom the socket belongs to from now on."""

    session = serializers.CharField(help_text="The session of the new token.")


class TimeSchema(serializers.Serializer[Any]):
    """The time."""

    server_time = MomentField(help_text="The server's clock.")


class PieceSchema(serializers.Serializer[Any]):
    """A piece of a resume was taken; empty unless the client has to begin anew."""

    me = serializers.IntegerField(required=False, help_text="Your own head.")
    complete = serializers.BooleanField(required=False, help_text="False.")
    reset = serializers.BooleanField(required=False, help_text="True: begin anew with `sync/`.")


class PlainMessageInput(StrictSerializer):
    """The plain form of the published example."""

    message = serializers.CharField(max_length=limits().text_characters, help_text="What to say.")
    client_id = serializers.UUIDField(required=False, help_text="As in `message.send`.")
    room = serializers.CharField(required=False, help_text="The room, on an inbox socket.")
    sender = serializers.JSONField(required=False, help_text="Accepted and ignored: the token says who sends.")
    recipient = serializers.JSONField(required=False, help_text="Accepted and ignored: the room says to whom.")
    timestamp = serializers.JSONField(required=False, help_text="Accepted and ignored: the server has a clock.")


def _ack(
    command: str, data: type[serializers.Field[Any, Any, Any, Any]], value: dict[str, Any], *, rev: bool = False
) -> Frame:
    numbers: dict[str, Any] = {"rev": 812} if rev else {}
    room = {} if command in _ROOMLESS else {"room": ROOM_NAME}
    return server_frame(
        "ack",
        f"`{command}` was done" + (", and is committed." if rev else "."),
        example.frame("ack", value, ref="a1", **room, **numbers),
        members="ref? room? rev" if rev else "ref? room?",
        data=data,
        form=command,
    )


_ROOMLESS = {"auth", "ping", "resume", "focus"}
_MARKS = {"delivered_seq": 407, "read_seq": 406}
_ACKS = {
    "message.send": _ack("message.send", SharedMessageSchema, example.MESSAGE, rev=True),
    "delivered": _ack("delivered", MarksSchema, _MARKS),
    "read": _ack("read", MarksSchema, _MARKS),
    "typing": _ack("typing", NothingField, {}),
    "changes": _ack("changes", ChangesSchema, example.CHANGES),
    "auth": _ack("auth", SessionSchema, {"session": SESSION_ID}),
    "ping": _ack("ping", TimeSchema, {"server_time": example.AT}),
    "resume": _ack("resume", PieceSchema, {}),
    "focus": _ack("focus", NothingField, {}),
}
_INPUTS: dict[str, tuple[str, serializers.Serializer[Any], dict[str, Any]]] = {
    "message.send": (
        "Sends a message. A repeat with the same `client_id` is harmless and acked alike.",
        MessageInput(),
        {"client_id": example.CLIENT_ID, "text": "hello"},
    ),
    "delivered": ("Says up to where messages have reached this device.", SeqInput(), {"seq": 407}),
    "read": ("Says up to where the user has read: what moves the badge.", SeqInput(), {"seq": 407}),
    "typing": ("Says what the user is doing. Answered only if it has a `ref`.", TypingInput(), {"state": "typing"}),
    "changes": ("Asks for what was missed in a room.", SinceFrameInput(), {"since": 811, "marks": 94}),
    "auth": (
        "Gives a token: as the first frame, where the address and headers had none, and later to replace it.",
        TokenInput(),
        {"token": "eyJhbGciOiJIUzI1NiJ9.eyJ0eXAiOiJhY2Nlc3MifQ.c2lnbmF0dXJl"},
    ),
    "ping": ("Asks for a sign of life; never needed.", NoInput(), {}),
    "resume": (
        "Says what a returning device has: at most 500 rooms a frame, `me` in the last one.",
        ResumeInput(),
        {"epoch": example.EPOCH, "me": 12, "rooms": {ROOM_NAME: {"rev": 811, "marks": 94}}},
    ),
    "focus": ("Says whether anybody is looking: in the background no typing is sent.", FocusInput(), {"state": "away"}),
}
_MORE_REPLIES = {"resume": [frames.HEADS, *frames.OF_USER, frames.INBOX_READY]}


def _command(kind: str, *, inbox: bool) -> ClientFrame:
    summary, data, value = _INPUTS[kind]
    names_room = inbox and kind not in _ROOMLESS
    given = (
        {"type": kind, "ref": "a1"} | ({"room": ROOM_NAME} if names_room else {}) | ({"data": value} if value else {})
    )
    return client_frame(
        kind,
        summary,
        given,
        data=data,
        replies=[*_MORE_REPLIES.get(kind, []), _ACKS[kind], frames.ERROR],
        names_room=names_room,
        form="inbox" if inbox else "room",
    )


_PLAIN = ClientFrame(
    "plain",
    "A message in the plain form of the published example.",
    PlainMessageInput,
    {"message": "hello", "sender": "alice", "recipient": "bob", "timestamp": example.AT},
    [_ACKS["message.send"], frames.ERROR],
)
_TOKEN_QUERIES = [
    Query("Authorization", "The access token, with or without `Bearer ` before it."),
    Query("ticket", "A ticket instead of the token; good once."),
]
ALWAYS = [frames.SERVER_RESTARTING, frames.ERROR]
_NUMBER = {"type": "integer", "minimum": 0}

CHANNELS = [
    Channel(
        name="room",
        address="/ws/chat/{room_name}/",
        title="One room",
        description=(
            "`hello` with the room, then with `?since=` the frames that were missed (at most "
            f"{limits().replay_frames}, else continue with `changes`), then `ready`, then everything as it happens."
        ),
        sent=[frames.HELLO, frames.READY, *frames.IN_ROOM, frames.HEARTBEAT, *ALWAYS],
        received=[*(_command(kind, inbox=False) for kind in _INPUTS if kind in ROOM_COMMANDS or kind == SEND), _PLAIN],
        queries=[
            *_TOKEN_QUERIES,
            Query("since", "Resume: the `rev` up to which you have the room.", _NUMBER),
            Query("marks", "Resume: the `marks` up to which you have its receipts.", _NUMBER),
            Query("epoch", "Resume: the epoch of both numbers."),
        ],
        parameters={"room_name": "The room's name, as in `GET /api/v1/conversations/`."},
    ),
    Channel(
        name="inbox",
        address="/ws/inbox/",
        title="Everything of one user",
        description=(
            "`hello` with where you stand, then the frames of all your rooms, each with `room`, and with `me` what "
            "only you see or own. A returning client sends `resume`."
        ),
        sent=[frames.INBOX_HELLO, *frames.IN_ROOM, *frames.OF_USER, frames.INBOX_HEARTBEAT, *ALWAYS],
        received=[*(_command(kind, inbox=True) for kind in _INPUTS), _PLAIN],
        queries=_TOKEN_QUERIES,
    ),
]


@cache
def socket_document() -> dict[str, Any]:
    """The AsyncAPI document, made once per process."""
    return asyncapi(CHANNELS, CLOSE_CODES, DESCRIPTION)
