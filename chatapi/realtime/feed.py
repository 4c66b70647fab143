"""One topic's order in one process, without any I/O: what is due, what waits, and who may see it.

Events arrive from several processes, now and then swapped, rarely lost. A durable event is due when its `rev` is the
next one; until then it waits. A hole that does not close by itself is the hub's to repair from the database.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from chatapi.realtime.event import Event
from chatapi.realtime.sources import Missed


class Listener(Protocol):
    """A socket, as a feed sees it."""

    kind: str
    """What the session's sockets are counted by."""
    user: str
    session: str
    floor: int
    """The first `seq` this socket may see; 0 for all."""

    def push(self, texts: Sequence[str]) -> None:
        """Sends ready frames; never waits."""

    def close(self, code: int) -> None:
        """Sends what was pushed, then closes with `code`; never waits."""


class Feed:
    """The state of one topic: how far it was delivered, what waits, who listens."""

    __slots__ = (
        "_ahead",
        "_head",
        "_joining",
        "_live",
        "_waiting",
        "_waiting_marks",
        "marks",
        "repairing",
        "rev",
        "room",
        "topic",
    )

    def __init__(self, topic: str, room: str) -> None:
        self.topic = topic
        self.room = room
        self.rev = -1
        """The last `rev` delivered; -1 until the first listener has read the head."""
        self.marks = -1
        self.repairing = False
        self._head = (0, 0)
        self._waiting: dict[int, Event] = {}
        self._waiting_marks: dict[int, Event] = {}
        self._joining: dict[Listener, list[Event]] = {}
        self._live: dict[Listener, int] = {}
        """Live listeners and the `rev` their own snapshot had."""
        self._ahead = 0
        """The highest snapshot of a live listener: up to there the feed is careful."""

    # What is due

    def offer(self, event: Event) -> list[Event]:
        """The events that are due now that `event` has arrived: none, this one, or it and those that waited."""
        if event.rev:
            return self._offer_durable(event)
        if event.marks:
            return self._offer_receipt(event)
        return [event] if self.started else []

    def _offer_durable(self, event: Event) -> list[Event]:
        if self.started and event.rev == self.rev + 1 and not self._waiting:
            self.rev = event.rev
            return [event]
        if event.rev > self.rev:
            self._waiting[event.rev] = event
        return self._due()

    def _offer_receipt(self, event: Event) -> list[Event]:
        if event.marks > self.marks:
            self._waiting_marks[event.marks] = event
        return self._due()

    def _due(self) -> list[Event]:
        due: list[Event] = []
        if not self.started:
            return due
        while (event := self._waiting.pop(self.rev + 1, None)) is not None:
            self.rev += 1
            due.append(event)
        while (event := self._waiting_marks.pop(self.marks + 1, None)) is not None:
            self.marks += 1
            due.append(event)
        return due

    def apply(self, missed: Missed) -> list[Event]:
        """The events that are due after a repair: those of the database, then what waited behind them.

        Numbers jump here: a row that changed twice meanwhile comes once, at its newest `rev`.
        """
        due = [event for event in missed.events if event.rev > self.rev or event.marks > self.marks]
        self.rev = max(self.rev, missed.rev)
        self.marks = max(self.marks, missed.marks)
        self._drop_old()
        return due + self._due()

    def start(self, rev: int, marks: int) -> list[Event]:
        """Begins at the first listener's snapshot; the events that waited above it are due."""
        if self.started:
            return []
        self.rev, self.marks = rev, marks
        self._drop_old()
        return self._due()

    def _drop_old(self) -> None:
        self._waiting = {rev: event for rev, event in self._waiting.items() if rev > self.rev}
        self._waiting_marks = {marks: event for marks, event in self._waiting_marks.items() if marks > self.marks}

    @property
    def started(self) -> bool:
        """Whether the feed knows where it stands."""
        return self.rev >= 0

    def note_head(self, rev: int, marks: int) -> None:
        """Remembers that the database has got as far as this."""
        self._head = (max(self._head[0], rev), max(self._head[1], marks))

    @property
    def has_hole(self) -> bool:
        """Whether something is known to exist that has not arrived."""
        behind = self._head[0] > self.rev or self._head[1] > self.marks
        return self.started and (behind or bool(self._waiting or self._waiting_marks))

    # Who listens

    @property
    def is_empty(self) -> bool:
        """Whether nobody listens any more."""
        return not self._live and not self._joining

    @property
    def live(self) -> Iterable[Listener]:
        """The listeners that are past their snapshot."""
        return self._live

    def join(self, listener: Listener) -> None:
        """Registers `listener` before it reads its snapshot: from here on events are kept for it."""
        self._joining[listener] = []

    def go_live(self, listener: Listener, rev: int) -> list[Event]:
        """Ends the joining of `listener`, whose snapshot had `rev`; the kept events that its snapshot lacks."""
        kept = self._joining.pop(listener, [])
        self._live[listener] = rev
        self._ahead = max(self._ahead, rev)
        return [event for event in kept if event.rev > rev or not event.rev]

    def leave(self, listener: Listener) -> None:
        """Forgets `listener`."""
        self._live.pop(listener, None)
        self._joining.pop(listener, None)

    def of_user(self, user: str) -> list[Listener]:
        """The sockets of one user, joining ones too."""
        return [listener for listener in (*self._live, *self._joining) if listener.user == user]

    def keep_for_joining(self, events: Sequence[Event]) -> None:
        """Keeps `events` for those who are still reading their snapshot."""
        for kept in self._joining.values():
            kept.extend(events)

    def is_plain(self, events: Sequence[Event]) -> bool:
        """Whether every listener without a floor gets all of `events` as they are."""
        for event in events:
            if event.but_user or event.leaves or not event.text or (event.rev and event.rev <= self._ahead):
                return False
        return True

    def snapshot_rev(self, listener: Listener) -> int:
        """The `rev` of the snapshot that a live `listener` began with."""
        return self._live[listener]
