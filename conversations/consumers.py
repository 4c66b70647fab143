"""`ws/chat/<room_name>/`: one room, live."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from django.utils.functional import cached_property

from chatapi import database, json, times
from chatapi.errors import NotFound
from chatapi.limits import limits
from chatapi.realtime.frames import frame
from conversations import events
from conversations.catchup import Changes, Since, changes_since
from conversations.commands import Caller, Command, Reply, perform
from conversations.epoch import current_epoch
from conversations.frames import receipt_frame
from conversations.listing import room_of
from conversations.models import Membership
from conversations.sockets import Refused, Socket


class ChatConsumer(Socket):
    """A member in one room: hello, what was missed, then everything as it happens."""

    kind = "room"
    maximum = limits().room_sockets_per_session

    def __init__(self) -> None:
        super().__init__()
        self._membership: Membership | None = None
        self._typing = False

    async def open(self) -> None:
        """Registers first, reads then, and flushes what came in between (HARDENING F7)."""
        membership = await database.run(self._find_membership)
        if not membership.is_active:
            raise Refused(4403)
        self._membership = membership
        self.floor = membership.floor
        self.hub.join(membership.room.topic, membership.room.name, self)
        snapshot = await database.run(_snapshot, membership, self._resume)
        if snapshot is None:
            raise Refused(4403)
        self.push([self._hello(snapshot), *snapshot.replay, snapshot.ready])
        self.hub.go_live(membership.room.topic, self, snapshot.rev, snapshot.marks)

    def left(self) -> None:
        """Leaves the room's topic, and stops typing."""
        if self._membership is not None:
            self.hub.leave(self._membership.room.topic, self)
            if self._typing:
                events.typing_updated(room=self._membership.room, user=self.principal.user, state="idle")

    async def perform(self, command: Command) -> Reply:
        """Runs a command in a database thread."""
        if command.type == "typing":
            self._typing = command.data.get("state") in {"typing", "recording"}
        return await database.run(perform, self._caller, command)

    @property
    def room_name(self) -> str:
        """The name in the URL."""
        return str(self.scope["url_route"]["kwargs"]["room_name"])

    @property
    def _caller(self) -> Caller:
        if self._membership is None:
            raise NotFound
        return Caller(self.principal, self._membership.room)

    def _find_membership(self) -> Membership:
        try:
            memberships = Membership.objects.select_related("room")
            return memberships.in_room(self.principal.user, self.room_name)
        except NotFound:
            raise Refused(4404) from None

    @cached_property
    def _resume(self) -> "Resume | None":
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"), max_num_fields=20)
        given = {name: values[-1] for name, values in query.items()}
        if not given.get("since", "").isascii() or not given.get("since", "").isdecimal():
            return None
        marks = given.get("marks", "")
        marks_number = int(marks) if marks.isascii() and marks.isdecimal() else 0
        return Resume(Since(min(int(given["since"]), 2**62), min(marks_number, 2**62)), given.get("epoch", ""))

    def _hello(self, snapshot: "Snapshot") -> str:
        now = times.rfc3339(times.now())
        return frame(
            "hello",
            {
                "epoch": snapshot.epoch,
                "server_time": now,
                "heartbeat_seconds": limits().heartbeat_seconds,
                "user": self.principal.user.short(),
                "session": self.session,
                "room": snapshot.room,
                "limits": limits().as_json(),
            },
        )


@dataclass(frozen=True, slots=True)
class Resume:
    """What a returning client has."""

    since: Since
    epoch: str


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
    room = room_of(membership)
    if room["my"]["state"] != Membership.State.MEMBER:
        return None
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
