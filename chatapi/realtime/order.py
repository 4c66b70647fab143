"""Events in the order of their numbers, whatever order they arrive in. No I/O."""

from chatapi.realtime.event import Event


class Order:
    """One numbering of a topic: what is due, what waits for a smaller number, and how far the database is known to be.

    An event is due when its number is the next one; until then it waits. A hole that does not close by itself is
    the hub's to repair.
    """

    __slots__ = ("_head", "_waiting", "began_at", "number")

    def __init__(self) -> None:
        self.number = -1
        """The last one that was due; -1 before the beginning is known."""
        self.began_at = -1
        """From here on everything was due, or is known to be missing."""
        self._head = 0
        self._waiting: dict[int, Event] = {}

    @property
    def started(self) -> bool:
        """Whether the beginning is known."""
        return self.number >= 0

    @property
    def has_hole(self) -> bool:
        """Whether something is known to exist that has not arrived."""
        return self.started and (self._head > self.number or bool(self._waiting))

    def offer(self, number: int, event: Event) -> list[Event]:
        """The events that are due now that this one has arrived: none, it, or it and those that waited for it."""
        if number == self.number + 1 and self.started and not self._waiting:
            self.number = number
            return [event]
        if number > self.number:
            self._waiting[number] = event
        return self._due()

    def begin(self, number: int) -> list[Event]:
        """Begins after `number`, unless it has begun; the events that are due."""
        if self.started:
            return []
        self.began_at = number
        return self.advance(number)

    def begin_earlier(self, number: int) -> None:
        """Moves the beginning back to `number`: what came after it is missing and will be due once more."""
        self._head = max(self._head, self.number)
        self.number = self.began_at = number

    def advance(self, number: int) -> list[Event]:
        """Counts everything up to `number` as delivered; the waiting events that are due behind it."""
        self.number = max(self.number, number)
        self._waiting = {waiting: event for waiting, event in self._waiting.items() if waiting > self.number}
        return self._due()

    def note_head(self, number: int) -> None:
        """Remembers that the database has got as far as this."""
        self._head = max(self._head, number)

    def _due(self) -> list[Event]:
        due: list[Event] = []
        while self.started and (event := self._waiting.pop(self.number + 1, None)) is not None:
            self.number += 1
            due.append(event)
        return due
