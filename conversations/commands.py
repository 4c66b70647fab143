"""What a client may say on a socket: frame type to (input, action). Knows no socket; runs in a database thread."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rest_framework import serializers

from accounts.authentication import Principal, principal_of
from accounts.between import between
from accounts.errors import InvalidToken
from accounts.models import User
from accounts.sockets import bare_token
from chatapi import ids, times
from chatapi.errors import InvalidInput, NotFound, UnknownField
from chatapi.limits import limits
from chatapi.rest import StrictSerializer
from conversations import events
from conversations.actions.marks import mark_delivered, mark_read
from conversations.actions.messages import Draft
from conversations.catchup import Since, changes_json
from conversations.errors import NotAMember, UnknownFrame
from conversations.inbox import resume_inbox
from conversations.models import Membership, Room
from conversations.models.room import peer_in
from conversations.serializers import FocusInput, MessageInput, ResumeInput, SeqInput, SinceFrameInput, TypingInput

MAX_REF = 100
KNOWN_ROOMS = 200
"""Rooms that an inbox remembers."""


class Caller(NamedTuple):
    """Who speaks, and the one room of their socket; an inbox names a room in each frame."""

    principal: Principal
    room: Room | None = None
    known: dict[str, Room] | None = None
    """The inbox's own memory of rooms it has named; nobody else's, or its speed would tell which rooms exist."""

    @property
    def user(self) -> User:
        """The user who speaks."""
        return self.principal.user

    def membership(self, room_name: str | None) -> Membership:
        """The caller's membership in the room of a frame. Raises NotFound for any other, InvalidInput for none."""
        if room_name is None and self.room is None:
            raise InvalidInput.field("room", "required", "On this socket a frame names its room.")
        if room_name is not None and self.room is not None and room_name != self.room.name:
            raise NotFound
        name = room_name if self.room is None else self.room.name
        return Membership.objects.select_related("room").in_room(self.user, str(name))

    def room_named(self, room_name: str | None) -> Room | None:
        """The room of a frame, without a look at the database: None where that is needed. Raises NotFound."""
        if self.room is None:
            return (self.known or {}).get(room_name or "")
        if room_name not in {None, self.room.name}:
            raise NotFound
        return self.room

    def note(self, room: Room) -> None:
        """Remembers a room of this caller; a send there finds out by itself whether they still belong."""
        if self.known is not None:
            if len(self.known) >= KNOWN_ROOMS:
                self.known.clear()
            self.known[room.name] = room


class Reply(NamedTuple):
    """What is answered: frames first, then an `ack` (or what the command is answered with instead)."""

    data: Any
    """An object, or a message as ready text."""
    type: str = "ack"
    rev: int | None = None
    frames: Sequence[dict[str, Any]] = ()
    principal: Principal | None = None
    """The caller from now on, after `auth`."""
    away: bool | None = None
    """Whether nobody looks at the socket from now on, after `focus`."""


class Command(NamedTuple):
    """A frame, understood."""

    type: str
    data: dict[str, Any]
    ref: str | None = None
    room: str | None = None

    @property
    def is_answered(self) -> bool:
        """Typing goes unanswered unless the client asks for it: nobody waits for it."""
        return self.type != "typing" or self.ref is not None


def understand(frame: dict[str, Any]) -> Command:
    """The command in a decoded frame, its data still unchecked. Raises UnknownFrame, UnknownField, InvalidInput."""
    if "type" not in frame and "message" in frame:
        return _plain(frame)
    unknown = frame.keys() - {"type", "ref", "room", "data"}
    if unknown:
        raise UnknownField(detail=f"A frame does not have: {', '.join(sorted(unknown))}.")
    kind, ref, room, data = (frame.get(name) for name in ("type", "ref", "room", "data"))
    if not isinstance(kind, str) or (kind != SEND and kind not in INBOX_COMMANDS):
        raise UnknownFrame
    if ref is not None and not (isinstance(ref, str) and len(ref) <= MAX_REF):
        raise InvalidInput.field("ref", "invalid", f"A ref is text of at most {MAX_REF} characters.")
    if room is not None and not isinstance(room, str):
        raise InvalidInput.field("room", "invalid", "A room is named by text.")
    if data is not None and not isinstance(data, dict):
        raise InvalidInput.field("data", "not_an_object", "The data of a frame is an object.")
    return Command(kind, data or {}, ref, room)


def _plain(frame: dict[str, Any]) -> Command:
    """The form of the published example. What the server knows better (sender, recipient, time) is not looked at."""
    unknown = frame.keys() - {"message", "sender", "recipient", "timestamp", "client_id", "room"}
    if unknown:
        raise UnknownField(detail=f"A plain message does not have: {', '.join(sorted(unknown))}.")
    given = {"text": frame["message"]}
    if "client_id" in frame:
        given["client_id"] = frame["client_id"]
    return Command(SEND, given, room=frame.get("room") if isinstance(frame.get("room"), str) else None)


def draft_of(caller: Caller, command: Command) -> Draft | None:
    """The draft of a `message.send`; None where the room has to be looked up first (`find_room`).

    Raises NotFound for another room than the socket's, and what `read_message` raises.
    """
    data = read_message(command.data)
    room = caller.room_named(command.room)
    return None if room is None else Draft(room_id=room.pk, sender=caller.user, **data)


def read_message(data: dict[str, Any]) -> dict[str, Any]:
    """The checked data of a `message.send`; what nearly all of them have is checked without a serializer."""
    text, client_id = data.get("text"), ids.parse_uuid(data.get("client_id"))
    if (
        len(data) == 2
        and client_id is not None
        and type(text) is str
        and len(text) <= limits().text_characters
        and text.strip()
    ):
        return {"client_id": client_id, "text": text}
    return dict(MESSAGE.run_validation(data))


def find_room(caller: Caller, command: Command) -> None:
    """Looks up the room that a frame of an inbox names, for `draft_of`. Raises NotFound. Runs in a database thread."""
    caller.note(caller.membership(command.room).room)


def perform(caller: Caller, command: Command) -> Reply:
    """Checks the data of any other command and does it. Runs in a database thread.

    Raises the problems of the action, and REST framework's ValidationError.
    """
    commands = INBOX_COMMANDS if caller.room is None else ROOM_COMMANDS
    if command.type not in commands:
        raise UnknownFrame
    read, act = commands[command.type]
    return act(caller, command, dict(read.run_validation(command.data)))


class TokenInput(StrictSerializer):
    """An access token."""

    token = serializers.CharField(max_length=4_096, help_text="An access token, with or without `Bearer `.")


class NoInput(StrictSerializer):
    """Nothing."""


def _delivered(caller: Caller, command: Command, data: dict[str, Any]) -> Reply:
    return _marks(mark_delivered(user=caller.user, seqs={caller.membership(command.room).room_id: data["seq"]}))


def _read(caller: Caller, command: Command, data: dict[str, Any]) -> Reply:
    return _marks(mark_read(user=caller.user, seqs={caller.membership(command.room).room_id: data["seq"]}))


def _marks(moved: list[Membership]) -> Reply:
    if not moved:
        raise NotAMember
    return Reply({"delivered_seq": moved[0].delivered_seq, "read_seq": moved[0].last_read_seq})


def _typing(caller: Caller, command: Command, data: dict[str, Any]) -> Reply:
    membership = caller.membership(command.room)
    if not membership.is_active:
        raise NotAMember
    if between(caller.user.pk, peer_in(membership.room.direct_key, caller.user.pk)).refuses:
        return Reply({})  # whoever was blocked is not told
    events.typing_updated(room=membership.room, user=caller.user, state=data["state"])
    return Reply({})


def _changes(caller: Caller, command: Command, data: dict[str, Any]) -> Reply:
    return Reply(changes_json(caller.membership(command.room), Since(data["since"], data["marks"])))


def _auth(caller: Caller, command: Command, data: dict[str, Any]) -> Reply:
    principal = principal_of(bare_token(data["token"]))
    if principal.user != caller.user:
        raise InvalidToken(detail="The token belongs to somebody else.")
    return Reply({"session": str(principal.session_id)}, principal=principal)


def _ping(caller: Caller, command: Command, data: dict[str, Any]) -> Reply:
    return Reply({"server_time": times.rfc3339(times.now())})


def _resume(caller: Caller, command: Command, data: dict[str, Any]) -> Reply:
    rooms = {name: Since(**numbers) for name, numbers in data["rooms"].items()}
    answer = resume_inbox(caller.user, epoch=data.get("epoch", ""), me=data.get("me"), rooms=rooms)
    return Reply(answer.ready, type="ready" if "me" in data else "ack", frames=answer.frames)


def _focus(caller: Caller, command: Command, data: dict[str, Any]) -> Reply:
    return Reply({}, away=data["state"] == "away")


Act = Callable[[Caller, Command, dict[str, Any]], Reply]
Commands = dict[str, tuple[serializers.Serializer[Any], Act]]
"""One reader serves all calls: validating keeps nothing in it."""

SEND = "message.send"
MESSAGE = MessageInput()
ROOM_COMMANDS: Commands = {
    "delivered": (SeqInput(), _delivered),
    "read": (SeqInput(), _read),
    "typing": (TypingInput(), _typing),
    "changes": (SinceFrameInput(), _changes),
    "auth": (TokenInput(), _auth),
    "ping": (NoInput(), _ping),
}
INBOX_COMMANDS: Commands = ROOM_COMMANDS | {"resume": (ResumeInput(), _resume), "focus": (FocusInput(), _focus)}
