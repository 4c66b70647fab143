"""Where the hub learns the truth from: filled in by the apps that own the rows, so that delivery knows no app."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chatapi.realtime.event import Event


@dataclass(frozen=True, slots=True)
class Heads:
    """Where topics stand in the database."""

    epoch: str
    numbers: dict[str, tuple[int, int]]
    """Topic to (`rev`, `marks`)."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What a topic has to catch up on: its rows above the asked numbers, in `rev` order, as they are now."""

    rev: int
    """The highest `rev` that `events` covers."""
    marks: int
    events: list[Event] = field(default_factory=list)
    complete: bool = True
    """False when there is more: ask again from `rev`."""


@dataclass(frozen=True, slots=True)
class RoomMembers:
    """A room's name and who is in it."""

    room: str
    rev: int
    """The head that was read before the members."""
    floors: dict[str, int]
    """User to the first `seq` they may see; 0 for all."""


class TopicSource(Protocol):
    """The owner of all topics. All calls run in a database thread, on the primary."""

    def heads(self, topics: Sequence[str]) -> Heads:
        """Where `topics` stand; one that does not exist is left out. A constant number of queries."""

    def missed(self, topic: str, *, rev: int, marks: int) -> Missed:
        """What happened in `topic` after `rev` and `marks`. The heads are read before the rows."""

    def members(self, topic: str) -> RoomMembers:
        """Who is in the room of `topic`. Two queries."""

    def memberships(self, user: str, topics: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Of these topics, those whose room `user` is in: the floor, and the `rev` it is known at. One query."""

    def quiet_changes(self, since: dt.datetime) -> list[str]:
        """Topics in which something was stored since then: what a process died too early to tell. One query."""


EndedSessions = Callable[[Sequence[str]], set[str]]
"""Which of these sessions have ended. Runs in a database thread."""


@dataclass(slots=True)
class Sources:
    """The hub's view of the apps. Set once, when the apps are ready."""

    topics: TopicSource | None = None
    ended_sessions: EndedSessions | None = None


sources = Sources()


def topic_source() -> TopicSource:
    """The owner of all topics."""
    if sources.topics is None:
        raise RuntimeError("No app has said where topics come from.")
    return sources.topics
