"""`ws/chat/<room_name>/`: one room, live. `ws/inbox/`: everything of one user on one socket."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from accounts.authentication import Principal
from chatapi import database, json
from chatapi.errors import NotFound
from chatapi.limits import limits
from chatapi.realtime.frames import frame
from chatapi.realtime.wire import Frames
from conversations.callers import caller_in_room
from conversations.catchup import Changes, Since, changes_since
from conversations.commands import Caller
from conversations.epoch import current_epoch
from conversations.frames import receipt_frame
from conversations.inbox import inbox_standing
from conversations.listing import standing_json, standing_of
from conversations.models import Membership, Room
from conversations.models.membership import membership_in
from conversations.serializers import MAX_NUMBER
from conversations.sockets import Refused, Socket


class ChatConsumer(Socket):
    """A member in one room: hello, what was missed, then everything as it happens."""

    kind = "room"
    maximum = limits().room_sockets_per_session

    def __init__(self) -> None:
        super().__init__()
        self._room: Room | None = None
        self._membership: Membership | None = None
        """As it was found together with the caller, until the snapshot."""

    def find_caller(self, token: str) -> Principal:
        """Who a token belongs to, and their membership with it."""
        principal, self._membership = caller_in_room(token, self._address)
        return principal

    async def open(self) -> None:
        """Registers first, reads then, and flushes what came in between (F7)."""
        self.room_name = self._address
        membership, self._membership = self._membership, None
        if membership is None:
            membership = await database.run(self._find_membership)
        if not membership.is_active:
            raise Refused(4403)
        self._room, self.floor = Room(pk=membership.room_id, name=self.room_name), membership.floor
        self.hub.join(self._room.topic, self._room.name, self)
        snapshot = await database.run(_snapshot, membership, resume_of(self.scope))
        if snapshot is None:
            raise Refused(4403)
        hello = self.hello(epoch=snapshot.epoch, room=snapshot.room)
        self.push(Frames([hello, *snapshot.replay, snapshot.ready]))
        self.hub.go_live(self._room.topic, self, snapshot.rev, snapshot.marks)

    def left(self) -> None:
        """Leaves the room's topic."""
        if self._room is not None:
            self.hub.leave(self._room.topic, self)

    @property
    def caller(self) -> Caller:
        """Who speaks, in this room."""
        return Caller(self.principal, self._room)

    @property
    def _address(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["room_name"])

    def _find_membership(self) -> Membership:
        """For tickets and first frames, and once more for whoever has no membership."""
        try:
            return membership_in(self.principal.user, self.room_name or "")
        except NotFound:
            raise Refused(4404) from None


@dataclass(frozen=True, slots=True)
class Resume:
    """What a returning client has."""

    since: Since
    epoch: str


def resume_of(scope: dict[str, Any]) -> Resume | None:
    """`?since=&marks=&epoch=` of a socket's address; None without a number in `since`."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=20)
    since, marks = (_number(query.get(name, [""])[-1]) for name in ("since", "marks"))
    if since is None:
        return None
    return Resume(Since(since, marks or 0), query.get("epoch", [""])[-1])


def _number(text: str) -> int | None:
    return min(int(text), MAX_NUMBER) if text.isascii() and text.isdecimal() and len(text) < 20 else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The room at one moment, and where live delivery takes over."""

    epoch: str
    room: dict[str, Any]
    rev: int
    marks: int
    replay: list[str]
    ready: str


def _snapshot(membership: Membership, resume: Resume | None) -> Snapshot | None:
    """Reads the head before the rows; None when the member has left meanwhile. Runs in a database thread."""
    epoch = current_epoch()
    membership = standing_of(membership)
    if not membership.is_active:
        return None
    room = standing_json(membership)
    if resume is None:
        ready = frame("ready", {"rev": room["rev"], "marks": room["marks"], "complete": True})
        return Snapshot(epoch, room, room["rev"], room["marks"], [], ready)
    changes = None
    if resume.epoch in {"", epoch}:
        changes = changes_since(membership.room_id, resume.since, limit=limits().replay_frames, viewer=membership)
    if changes is None:
        numbers = {"rev": room["rev"], "marks": room["marks"]}
        return Snapshot(
            epoch, room, **numbers, replay=[], ready=frame("ready", numbers | {"complete": False, "reset": True})
        )
    ready = frame("ready", {"rev": changes.rev, "marks": changes.marks, "complete": changes.complete})
    live_from = changes.rev if changes.complete else room["rev"]
    return Snapshot(epoch, room, live_from, changes.marks, _texts(changes), ready)


def _texts(changes: Changes) -> list[str]:
    durable = [json.dumps(change.as_json()) for change in changes.durable]
    return durable + [json.dumps(receipt_frame(row)) for row in changes.receipts]


class InboxConsumer(Socket):
    """Everything of one user: the frames of all their rooms, and what only they see or own."""

    kind = "inbox"
    maximum = limits().inbox_sockets_per_session

    def __init__(self) -> None:
        super().__init__()
        self._early: list[str] | None = []
        """Frames that come before the hello."""
        self._known: dict[str, Room] = {}

    async def open(self) -> None:
        """Registers first, reads then, and flushes what came in between."""
        user = self.principal.user
        self.hub.join(user.topic, "", self)
        await self.hub.enter_inbox(self)
        standing = await database.run(inbox_standing, user)
        early, self._early = self._early or [], None
        self.push(Frames([self.hello(epoch=standing.epoch, me=standing.me, badge=standing.badge), *early]))
        self.hub.go_live(user.topic, self, standing.me, 0)

    def left(self) -> None:
        """Leaves the user's topic and all rooms."""
        if self.user:
            self.hub.exit_inbox(self)
            self.hub.leave(self.principal.user.topic, self)

    @property
    def caller(self) -> Caller:
        """Who speaks; each frame names its room."""
        return Caller(self.principal, known=self._known)

    def push(self, frames: Frames) -> None:
        """Sends ready frames, the hello first."""
        if self._early is None:
            super().push(frames)
        else:
            self._early.extend(frames.texts)
