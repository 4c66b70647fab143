"""What the server says on a socket: one entry per frame type and form, with exactly its members."""

from typing import Any

from rest_framework import serializers

from accounts.examples import BOB, ME
from accounts.relation_examples import BLOCK, CONTACT
from accounts.relation_serializers import BlockSerializer, ContactSerializer
from accounts.serializers import MeSerializer, UserSerializer
from chatapi.frame_schema import Frame, server_frame
from chatapi.rest import MomentField
from conversations import frame_examples as example
from conversations.frame_examples import ROOM_NAME
from conversations.models import Membership, Room
from conversations.schemas import MessageSchema, ReceiptSchema, RoomSchema, SharedMessageSchema
from conversations.serializers import TypingInput


class SharedRoomSchema(serializers.Serializer[Any]):
    """The part of a room that is the same for everybody in it."""

    room_name = serializers.CharField(help_text="The room.")
    kind = serializers.ChoiceField(Room.Kind.choices, help_text="Between two people, or a group.")
    created_at = MomentField(help_text="When the room was opened.")
    extra = serializers.DictField(help_text="The app's own data about the room.")
    disappearing_seconds = serializers.IntegerField(
        allow_null=True, help_text="How long new messages stay; null: for good. Always null so far."
    )


class MemberSchema(serializers.Serializer[Any]):
    """Somebody in a room."""

    user = UserSerializer(help_text="Who.")
    state = serializers.ChoiceField(Membership.State.choices, help_text="Whether they are in the room now.")
    role = serializers.ChoiceField(Membership.Role.choices, help_text="What they are in a group.")


class TypingSchema(TypingInput):
    """Somebody who is typing."""

    user = UserSerializer(help_text="Who.")


class GreetingSchema(serializers.Serializer[Any]):
    """Who the socket belongs to and what holds on it."""

    epoch = serializers.CharField(help_text="The history all numbers belong to; another one: begin anew.")
    server_time = MomentField(help_text="The server's clock.")
    heartbeat_seconds = serializers.IntegerField(help_text="A heartbeat comes at least this often.")
    user = UserSerializer(help_text="Who you are.")
    session = serializers.CharField(help_text="The session the socket lives as long as.")
    limits = serializers.DictField(child=serializers.IntegerField(), help_text="Every limit, as in `capabilities/`.")


class RoomGreetingSchema(GreetingSchema):
    """The beginning of a room socket."""

    room = RoomSchema(help_text="The room now. Its numbers are the head, never your cursor.")


class InboxGreetingSchema(GreetingSchema):
    """The beginning of an inbox socket."""

    me = serializers.IntegerField(help_text="The head of your own changes; not your cursor.")
    badge = serializers.IntegerField(help_text="Unread messages in rooms neither muted nor archived.")


class ReadySchema(serializers.Serializer[Any]):
    """Where a room socket goes live."""

    rev = serializers.IntegerField(help_text="Your number after what was replayed.")
    marks = serializers.IntegerField(help_text="Your receipt number after what was replayed.")
    complete = serializers.BooleanField(help_text="False: there is more; fetch it with `changes` from `rev`.")
    reset = serializers.BooleanField(
        required=False, help_text="True: your numbers mean nothing here any more; take the room anew."
    )


class InboxReadySchema(serializers.Serializer[Any]):
    """What a resumed inbox has."""

    me = serializers.IntegerField(help_text="Your own number after the changes before this frame.")
    complete = serializers.BooleanField(help_text="False: there is more; `resume` again from `me`.")
    reset = serializers.BooleanField(required=False, help_text="True: begin anew with `sync/`.")


class NumbersSchema(serializers.Serializer[Any]):
    """Where a room stands."""

    rev = serializers.IntegerField(help_text="Its newest change.")
    marks = serializers.IntegerField(help_text="Its newest receipt.")


class HeadsSchema(serializers.Serializer[Any]):
    """Rooms that have moved on."""

    epoch = serializers.CharField(help_text="The history the numbers belong to.")
    rooms = serializers.DictField(child=NumbersSchema(), help_text="Room name to where it stands.")


class BeatSchema(serializers.Serializer[Any]):
    """The history the numbers belong to."""

    epoch = serializers.CharField(help_text="Another one than yours: the database was restored, begin anew.")


class RestartSchema(serializers.Serializer[Any]):
    """When to come back."""

    reconnect_after_ms = serializers.IntegerField(help_text="Wait this long after the socket has closed.")


DURABLE = "room rev prev"
_IN_ROOM: dict[str, Any] = {"room": ROOM_NAME, "rev": 812, "prev": 811}

HELLO = server_frame(
    "hello",
    "The first frame of a room socket: who you are, and the room as it is now.",
    example.frame("hello", example.GREETING | {"room": example.ROOM}),
    data=RoomGreetingSchema,
)
INBOX_HELLO = server_frame(
    "hello",
    "The first frame of an inbox socket: who you are, and where you stand.",
    example.frame("hello", example.GREETING | {"me": 13, "badge": 4}),
    data=InboxGreetingSchema,
    form="inbox",
)
READY = server_frame(
    "ready",
    "What was missed has been sent; from here on the room is live.",
    example.frame("ready", {"rev": 812, "marks": 95, "complete": True}),
    data=ReadySchema,
)
INBOX_READY = server_frame(
    "ready",
    "The answer to the last `resume`: what differed has been sent.",
    example.frame("ready", {"me": 13, "complete": True}, ref="a1"),
    members="ref? room?",
    data=InboxReadySchema,
    form="inbox",
)
MESSAGE_CREATED = server_frame(
    "message.created",
    "A new message. Every member's socket gets it, the sender's included.",
    example.CREATED,
    members=DURABLE,
    data=SharedMessageSchema,
)
MESSAGE_UPDATED = server_frame(
    "message.updated",
    "A message changed (edited, deleted, expired): the whole message as it is now.",
    example.frame("message.updated", example.DELETED, room=ROOM_NAME, rev=813, prev=812),
    members=DURABLE,
    data=SharedMessageSchema,
)
ROOM_UPDATED = server_frame(
    "room.updated",
    "The shared part of the room changed.",
    example.frame("room.updated", example.SHARED_ROOM, **_IN_ROOM),
    members=DURABLE,
    data=SharedRoomSchema,
)
MEMBER_JOINED = server_frame(
    "member.joined",
    "Somebody is in the room now.",
    example.frame("member.joined", example.MEMBER, **_IN_ROOM),
    members=DURABLE,
    data=MemberSchema,
)
MEMBER_LEFT = server_frame(
    "member.left",
    "Somebody left or was removed; it is the last frame their own sockets get of the room.",
    example.frame("member.left", example.MEMBER | {"state": "left"}, **_IN_ROOM),
    members=DURABLE,
    data=MemberSchema,
)
SKIP = server_frame(
    "skip",
    "A change you may not see: it only moves your number.",
    example.frame("skip", **_IN_ROOM),
    members=DURABLE,
)
RECEIPT_UPDATED = server_frame(
    "receipt.updated",
    "How far somebody has received and read.",
    example.READ,
    members="room marks",
    data=ReceiptSchema,
)
TYPING_UPDATED = server_frame(
    "typing.updated",
    "Somebody is typing, recording, or stopped. Ends by itself after `limits.typing_seconds`; nothing of it is stored.",
    example.frame("typing.updated", {"user": BOB, "state": "typing"}, room=ROOM_NAME),
    members="room",
    data=TypingSchema,
)
HEARTBEAT = server_frame(
    "heartbeat",
    "What was sent so far: numbers above yours mean that you missed something.",
    example.frame("heartbeat", {"epoch": example.EPOCH}, room=ROOM_NAME, rev=812, marks=95),
    members="room rev marks",
    data=BeatSchema,
)
INBOX_HEARTBEAT = server_frame(
    "heartbeat",
    "Where you stand, and the rooms in which something reached you since the last beat.",
    example.frame("heartbeat", {"epoch": example.EPOCH, "rooms": {ROOM_NAME: {"rev": 812, "marks": 95}}}, me=13),
    members="me?",
    data=HeadsSchema,
    form="inbox",
)
HEADS = server_frame(
    "heads",
    "The answer to `resume`: where the rooms stand that differ from what you have; fetch them with `changes`.",
    example.frame("heads", {"epoch": example.EPOCH, "rooms": {ROOM_NAME: {"rev": 812, "marks": 95}}}),
    data=HeadsSchema,
)
CONVERSATION_CREATED = server_frame(
    "conversation.created",
    "A room is new in your list.",
    example.frame("conversation.created", example.ROOM, me=12, prev=11),
    members="me prev",
    data=RoomSchema,
)
CONVERSATION_UPDATED = server_frame(
    "conversation.updated",
    "What only you see of a room changed: your settings, your read mark, your leaving.",
    example.frame("conversation.updated", example.ROOM, me=12, prev=11),
    members="me prev",
    data=RoomSchema,
)
USER_UPDATED = server_frame(
    "user.updated",
    "Your profile changed.",
    example.frame("user.updated", ME, me=13, prev=12),
    members="me prev",
    data=MeSerializer,
)
CONTACT_UPDATED = server_frame(
    "contact.updated",
    "You saved, renamed or removed a contact on one of your devices.",
    example.frame("contact.updated", CONTACT, me=14, prev=13),
    members="me prev",
    data=ContactSerializer,
)
BLOCK_UPDATED = server_frame(
    "block.updated",
    "You blocked somebody on one of your devices, or no longer.",
    example.frame("block.updated", BLOCK, me=15, prev=14),
    members="me prev",
    data=BlockSerializer,
)
SERVER_RESTARTING = server_frame(
    "server.restarting",
    "The server is about to close this socket with 1012.",
    example.frame("server.restarting", {"reconnect_after_ms": 1_250}),
    data=RestartSchema,
)
ERROR = server_frame(
    "error",
    "A frame was refused. Without `ref` it is about a frame that had none, or that could not be read at all.",
    example.frame("error", ref="a1", error=example.PROBLEM),
    members="ref? error",
)

IN_ROOM: list[Frame] = [
    MESSAGE_CREATED,
    MESSAGE_UPDATED,
    ROOM_UPDATED,
    MEMBER_JOINED,
    MEMBER_LEFT,
    SKIP,
    RECEIPT_UPDATED,
    TYPING_UPDATED,
]
"""What happens in a room, on both sockets."""
OF_USER: list[Frame] = [CONVERSATION_CREATED, CONVERSATION_UPDATED, USER_UPDATED, CONTACT_UPDATED, BLOCK_UPDATED]

OWN_MESSAGE_CREATED, OWN_MESSAGE_UPDATED = (
    server_frame(
        one.kind,
        f"{one.summary} With `mine`.",
        one.example | {"data": example.OWN_MESSAGE},
        members=DURABLE,
        data=MessageSchema,
        form="own",
    )
    for one in (MESSAGE_CREATED, MESSAGE_UPDATED)
)
"""In REST answers and in the answer to `changes`."""
