"""A room without a database, and sockets that believe nothing: what the tests of delivery look at."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chatapi import json
from chatapi.realtime.event import Event
from chatapi.realtime.sources import Heads, Missed, RoomMembers
from chatapi.realtime.wire import Frames

TOPIC = "room.1"
ROOM = "the-room"


@dataclass
class Row:
    """A row of the room: its number, and the place that floors look at (0 for what is no message)."""

    rev: int
    created_rev: int
    seq: int = 0


class ModelRoom:
    """What the database would say."""

    def __init__(self) -> None:
        self.rev = 0
        self.marks = 0
        self.seq = 0
        self.rows: dict[str, Row] = {}
        self.read: dict[str, int] = {}
        """Who has read, by the `marks` of the receipt."""
        self.members: dict[str, int] = {"alice": 0, "bob": 0, "carol": 0}

    def create(self) -> Event:
        self.rev += 1
        self.seq += 1
        self.rows[f"message {self.seq}"] = Row(self.rev, self.rev, self.seq)
        return self._event(f"message {self.seq}", self.rev - 1)

    def change(self, name: str) -> Event:
        self.rev += 1
        self.rows[name].rev = self.rev
        return self._event(name, self.rev - 1)

    def receipt(self, user: str) -> Event:
        self.marks += 1
        self.read[user] = self.marks
        return self._receipt(user)

    def _event(self, name: str, prev: int) -> Event:
        row = self.rows[name]
        text = json.dumps({"type": "row", "name": name, "rev": row.rev, "prev": prev, "seq": row.seq})
        return Event(TOPIC, text, rev=row.rev, prev=prev, seq=row.seq)

    def _receipt(self, user: str) -> Event:
        marks = self.read[user]
        return Event(TOPIC, json.dumps({"type": "receipt", "user": user, "marks": marks}), marks=marks)

    def missed(self, rev: int, marks: int, limit: int = 1_000) -> Missed:
        """As `conversations.catchup` answers: rows as they are now, in order, each once."""
        names = sorted((name for name, row in self.rows.items() if row.rev > rev), key=lambda name: self.rows[name].rev)
        events, prev = [], rev
        for name in names[:limit]:
            events.append(self._event(name, prev))
            prev = self.rows[name].rev
        complete = len(names) <= limit
        users = sorted((user for user, number in self.read.items() if number > marks), key=self.read.__getitem__)
        receipts = [self._receipt(user) for user in users]
        return Missed(self.rev if complete else prev, self.marks, [*events, *receipts], complete)


class ModelTopics:
    """The hub's source, fed from a model room."""

    def __init__(self, room: ModelRoom) -> None:
        self.room = room
        self.limit = 1_000
        self.queries = 0

    def heads(self, topics: Sequence[str]) -> Heads:
        self.queries += 1
        return Heads("epoch", dict.fromkeys(topics, (self.room.rev, self.room.marks)))

    def missed(self, topic: str, *, rev: int, marks: int) -> Missed:
        self.queries += 1
        return self.room.missed(rev, marks, self.limit)

    def members(self, topic: str) -> RoomMembers:
        self.queries += 1
        return RoomMembers(ROOM, self.room.rev, dict(self.room.members))

    def memberships(self, user: str, topics: Sequence[str]) -> dict[str, tuple[int, int]]:
        self.queries += 1
        known = user in self.room.members
        return dict.fromkeys(topics, (self.room.members[user], self.room.rev)) if known else {}

    def quiet_changes(self, since: dt.datetime) -> list[str]:
        return [TOPIC]


@dataclass(eq=False)
class Ear:
    """A socket that does what the protocol asks of a client, and complains when the server does not."""

    user: str = "bob"
    session: str = "bob's phone"
    floor: int = 0
    away: bool = False
    kind: str = "room"
    rev: int = -1
    marks: int = -1
    rows: dict[str, int] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    passing: list[str] = field(default_factory=list)
    heartbeats: list[tuple[int, int]] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    code: int = 0

    def snapshot(self, room: ModelRoom) -> tuple[int, int]:
        """Reads the room as `hello` shows it."""
        self.rev, self.marks = room.rev, room.marks
        self.rows = {name: row.rev for name, row in room.rows.items() if not 0 < row.seq < self.floor}
        self.read = dict(room.read)
        return self.rev, self.marks

    def push(self, frames: Frames) -> None:
        for text in frames.texts:
            self.take(json.loads(text))

    def take(self, frame: dict[str, Any]) -> None:
        if self.code:
            return
        self.frames.append(frame)
        match frame["type"]:
            case "row" | "skip":
                assert frame["prev"] <= self.rev, f"something between {self.rev} and {frame['prev']} was missed"
                assert frame["rev"] > self.rev, f"{frame['rev']} came after {self.rev}"
                self.rev = frame["rev"]
                if frame["type"] == "row":
                    assert not 0 < frame["seq"] < self.floor, "a frame below the floor"
                    self.rows[frame["name"]] = frame["rev"]
            case "receipt":
                assert frame["marks"] > self.marks, f"receipt {frame['marks']} came after {self.marks}"
                self.marks = frame["marks"]
                self.read[frame["user"]] = frame["marks"]
            case "heartbeat":
                self.heartbeats.append((frame["rev"], frame["marks"]))
            case kind:
                self.passing.append(kind)

    def close(self, code: int) -> None:
        self.code = self.code or code
