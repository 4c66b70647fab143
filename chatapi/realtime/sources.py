"""Where the hub learns the truth from: filled in by the apps that own the rows, so that delivery knows no app."""

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


class TopicSource(Protocol):
    """The owner of topics of one kind. All calls run in a database thread, on the primary."""

    def heads(self, topics: Sequence[str]) -> Heads:
        """Where `topics` stand; one that does not exist is left out. A constant number of queries."""

    def missed(self, topic: str, *, rev: int, marks: int) -> Missed:
        """What happened in `topic` after `rev` and `marks`. The heads are read before the rows."""

    def skip(self, room: str, event: Event) -> str:
        """The frame for a socket that may not see `event`: it moves the number and shows nothing."""

    def heartbeat(self, room: str, *, rev: int, marks: int, epoch: str) -> str:
        """The heartbeat frame of a topic."""


EndedSessions = Callable[[Sequence[str]], set[str]]
"""Which of these sessions have ended. Runs in a database thread."""


@dataclass(slots=True)
class Sources:
    """The hub's view of the apps. Set once, when the apps are ready."""

    topics: TopicSource | None = None
    ended_sessions: EndedSessions | None = None


sources = Sources()
