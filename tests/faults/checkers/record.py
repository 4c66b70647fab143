"""A history and the truth beside it, indexed for the checkers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TypeVar

from tests.faults.history import Answered, Began, Ended, Event, Healed, Invoked, Joined, Struck
from tests.faults.truth import Member, Row, Truth

E = TypeVar("E", bound=Event)

Key = tuple[str, str, str]
"""Sender, room, `client_id`: one message, for ever."""


class Record:
    """What the checkers look at."""

    def __init__(self, events: Iterable[Event], truth: Truth | None = None) -> None:
        self.events = list(events)
        self.truth = truth or Truth()
        self._by_kind: dict[type[Event], list[Event]] = defaultdict(list)
        for event in self.events:
            self._by_kind[type(event)].append(event)

    def of(self, kind: type[E]) -> Sequence[E]:
        """All events of a kind, in order."""
        return self._by_kind[kind]  # type: ignore[return-value]  # by construction

    @cached_property
    def invoked(self) -> dict[Key, Invoked]:
        """The first attempt of every send."""
        found: dict[Key, Invoked] = {}
        for send in self.of(Invoked):
            found.setdefault((send.sender, send.room, send.client_id), send)
        return found

    @cached_property
    def answers(self) -> dict[Key, list[Answered]]:
        """What every send was answered, repeats included."""
        found: dict[Key, list[Answered]] = defaultdict(list)
        for answer in self.of(Answered):
            found[answer.sender, answer.room, answer.client_id].append(answer)
        return found

    @cached_property
    def rows(self) -> dict[Key, list[Row]]:
        """The stored messages by their key."""
        found: dict[Key, list[Row]] = defaultdict(list)
        for row in self.truth.rows:
            found[row.sender, row.room, row.client_id].append(row)
        return found

    @cached_property
    def rooms(self) -> dict[str, list[Row]]:
        """The stored messages by room, in order of their place."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(self.truth.rows, key=lambda row: row.seq):
            found[row.room].append(row)
        return found

    @cached_property
    def members(self) -> dict[tuple[str, str], Member]:
        """By room and user."""
        return {(member.room, member.user): member for member in self.truth.members}

    @cached_property
    def joined(self) -> dict[tuple[str, str], Joined]:
        """By device and room: who follows it since when."""
        return {(join.device, join.room): join for join in self.of(Joined)}

    @cached_property
    def began(self) -> dict[tuple[str, str], int]:
        """By device and room: the number above which it has to get everything."""
        return {(begin.device, begin.room): begin.rev for begin in reversed(self.of(Began))}

    @cached_property
    def ended(self) -> dict[str, float]:
        """By device: when its session was over."""
        return {end.device: end.at for end in self.of(Ended)}

    @cached_property
    def windows(self) -> list[tuple[float, float]]:
        """From when to when there was a fault."""
        healed = {heal.number: heal.at for heal in self.of(Healed)}
        return [(fault.at, healed.get(fault.number, float("inf"))) for fault in self.of(Struck)]

    def left_rev(self, device: str, room: str) -> float:
        """The number after which the device's user was no longer in the room."""
        join = self.joined.get((device, room))
        member = self.members.get((room, join.user)) if join else None
        return float("inf") if member is None or member.left_rev is None else member.left_rev
