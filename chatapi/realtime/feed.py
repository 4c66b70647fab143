"""One topic in one process, without any I/O: its order, who listens, and who of them may see what."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from chatapi.realtime.event import Event
from chatapi.realtime.frames import frame
from chatapi.realtime.order import Order
from chatapi.realtime.sources import Missed
from chatapi.realtime.wire import Frames


class Listener(Protocol):
    """A socket, as a feed sees it."""

    kind: str
    """What the session's sockets are counted by."""
    user: str
    session: str
    away: bool
    """Whether nobody looks: an inbox gets nothing passing then."""
    floor: int
    """The first `seq` this socket may see; 0 for all."""

    def push(self, frames: Frames) -> None:
        """Sends ready frames; never waits."""

    def close(self, code: int) -> None:
        """Sends what was pushed, then closes with `code`; never waits."""


Snapshot = tuple[int, int]
"""`rev` and `marks`."""


class Feed:
    """The state of one topic."""

    __slots__ = ("_ahead", "_joining", "_live", "durable", "members", "receipts", "repairing", "room", "topic")

    def __init__(self, topic: str, room: str = "") -> None:
        self.topic = topic
        self.room = room
        """The room's name, for the frames that the hub makes itself."""
        self.durable = Order()
        self.receipts = Order()
        self.repairing = False
        self.members: Members | None = None
        """The users with an inbox here who are in the room; None until somebody has looked."""
        self._joining: dict[Listener, list[Event]] = {}
        self._live: dict[Listener, Snapshot] = {}
        """Live listeners and the `rev` and `marks` their own snapshot had."""
        self._ahead: Snapshot = (0, 0)
        """The highest snapshot of a live listener: up to there delivery has to be careful."""

    # What is due

    def offer(self, event: Event) -> list[Event]:
        """The events that are due now that `event` has arrived.

        An event without a text is a bell: it only says how far the database has got.
        """
        if event.rev and not event.text:
            self.durable.note_head(event.rev)
            return []
        if event.rev:
            return self.durable.offer(event.rev, event)
        if event.marks:
            return self.receipts.offer(event.marks, event)
        return [event]

    def begin(self, rev: int, marks: int) -> list[Event]:
        """Begins at the first listener's snapshot; the events that waited above it are due."""
        return [*self.durable.begin(rev), *self.receipts.begin(marks)]

    def begin_before(self, event: Event) -> None:
        """Begins right before `event`, where only inboxes follow: they ask for themselves what was earlier."""
        if event.rev:
            self.durable.begin(event.rev - 1)
        if event.marks:
            self.receipts.begin(event.marks - 1)

    def apply(self, missed: Missed) -> list[Event]:
        """The events that are due after a repair: those of the database, then what waited behind them.

        Numbers jump here: a row that changed twice meanwhile comes once, at its newest `rev`.
        """
        rev, marks = self.durable.number, self.receipts.number
        due = [event for event in missed.events if event.rev > rev or event.marks > marks]
        return [*due, *self.durable.advance(missed.rev), *self.receipts.advance(missed.marks)]

    def note_head(self, rev: int, marks: int) -> None:
        """Remembers how far the database has got."""
        self.durable.note_head(rev)
        self.receipts.note_head(marks)

    @property
    def has_hole(self) -> bool:
        """Whether something is known to exist that has not arrived."""
        return self.durable.has_hole or self.receipts.has_hole

    # Who listens

    @property
    def has_listeners(self) -> bool:
        """Whether a socket listens to this very topic."""
        return bool(self._live or self._joining)

    @property
    def live(self) -> Iterable[Listener]:
        """The listeners that are past their snapshot."""
        return self._live

    def join(self, listener: Listener) -> None:
        """Registers `listener` before it reads its snapshot: from here on events are kept for it."""
        self._joining[listener] = []

    def go_live(self, listener: Listener, rev: int, marks: int) -> Frames:
        """Ends the joining of `listener`, whose snapshot had `rev` and `marks`; the frames that came meanwhile."""
        kept = self._joining.pop(listener, [])
        if rev < self.durable.began_at or marks < self.receipts.began_at:
            self._begin_earlier(rev, marks)
            kept = _passing(kept)
        self._live[listener] = rev, marks
        self._ahead = _later(self._ahead, (rev, marks))
        return self.frames_for(listener, kept)

    def _begin_earlier(self, rev: int, marks: int) -> None:
        """Somebody with a newer snapshot was faster: what lies between is repaired for the one who read earlier."""
        reached = self.durable.number, self.receipts.number
        self._live = {listener: _later(snapshot, reached) for listener, snapshot in self._live.items()}
        self._ahead = _later(self._ahead, reached)
        self._joining = {listener: _passing(kept) for listener, kept in self._joining.items()}
        self.durable.begin_earlier(min(rev, reached[0]))
        self.receipts.begin_earlier(min(marks, reached[1]))

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

    # Who may see what

    def is_plain(self, events: Sequence[Event]) -> bool:
        """Whether every listener without a floor gets all of `events` as they are."""
        return not any(event.but_user or _is_old(event, self._ahead) for event in events)

    def frames_for(self, listener: Listener, events: Sequence[Event]) -> Frames:
        """The frames of `events` for a live listener: without what its snapshot had."""
        snapshot = self._live[listener]
        news = [event for event in events if not _is_old(event, snapshot)]
        return self.visible(news, listener.user, listener.floor)

    def visible(self, events: Sequence[Event], user: str, floor: int) -> Frames:
        """The frames of `events` for one user: a `skip` for what lies below their floor, nothing about themselves."""
        news = [event for event in events if event.but_user != user]
        return Frames([self._skip(event) if 0 < event.seq < floor else event.text for event in news])

    def _skip(self, event: Event) -> str:
        """A frame that moves the number and shows nothing."""
        return frame("skip", room=self.room, rev=event.rev, prev=event.prev)

    def heartbeat(self, epoch: str) -> str:
        """The heartbeat of the room: what was sent."""
        rev, marks = self.durable.number, self.receipts.number
        return frame("heartbeat", {"epoch": epoch}, room=self.room, rev=rev, marks=marks)


def _later(one: Snapshot, other: Snapshot) -> Snapshot:
    return max(one[0], other[0]), max(one[1], other[1])


def _passing(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if not event.rev and not event.marks]


def _is_old(event: Event, snapshot: Snapshot) -> bool:
    rev, marks = snapshot
    return 0 < event.rev <= rev or 0 < event.marks <= marks


class Members:
    """Which users with an inbox in this process are in a room: from which `seq` on, and who has gone again."""

    __slots__ = ("_left", "floors")

    def __init__(self) -> None:
        self.floors: dict[str, int] = {}
        self._left: dict[str, int] = {}

    def add(self, user: str, *, floor: int, rev: int) -> None:
        """Counts `user` in, as known at `rev`: an older view of somebody who has left since does not count."""
        if self._left.get(user, -1) < rev:
            self.floors[user] = floor

    def remove(self, user: str, *, rev: int) -> None:
        """Counts `user` out: they left at `rev`."""
        self._left[user] = rev
        self.floors.pop(user, None)
