"""What happened, as clients and nemesis saw it: an append-only list of events, each with its moment.

All events of a run come from one process, so one monotonic clock orders them. A send without an `Answered` or `Refused`
is one of which nobody knows whether it happened.
"""

import gzip
import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Event:
    """Seconds since the run began."""

    at: float


@dataclass(frozen=True, slots=True)
class OfDevice(Event):
    """Something that a device did or met in a room."""

    device: str
    room: str


@dataclass(frozen=True, slots=True)
class Joined(OfDevice):
    """From here on a device follows a room of its user."""

    user: str


@dataclass(frozen=True, slots=True)
class Began(OfDevice):
    """A device's store begins: it has to get every message above `rev`; those before it are for who looks at them."""

    rev: int


@dataclass(frozen=True, slots=True)
class Invoked(OfDevice):
    """A device began to send a message. `burst` names those that left one after the other on one socket, unanswered."""

    client_id: str
    sender: str
    text: str
    burst: str = ""


@dataclass(frozen=True, slots=True)
class Answered(OfDevice):
    """A send, or the repeat of one, was answered with the stored message. `first` says that it was tried only once."""

    client_id: str
    sender: str
    id: str
    seq: int
    text: str
    first: bool = True


@dataclass(frozen=True, slots=True)
class Refused(OfDevice):
    """A send was refused for good."""

    client_id: str
    sender: str
    code: str


@dataclass(frozen=True, slots=True)
class ReadBack(OfDevice):
    """After an answer its sender looked for the message over REST."""

    client_id: str
    found: bool


@dataclass(frozen=True, slots=True)
class Greeted(OfDevice):
    """A socket became ready, at these numbers. `complete` is false where more has to be fetched."""

    connection: int
    rev: int
    complete: bool = True
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Heard(OfDevice):
    """A durable frame arrived on a socket; on an inbox, rooms come as they please."""

    connection: int
    rev: int
    prev: int
    id: str = ""
    seq: int = 0
    text: str = ""
    inbox: bool = False


@dataclass(frozen=True, slots=True)
class Ticked(OfDevice):
    """A receipt arrived on a socket."""

    connection: int
    user: str
    delivered: int
    read: int


@dataclass(frozen=True, slots=True)
class Got(OfDevice):
    """A device holds a message for the first time, by whatever way."""

    id: str


@dataclass(frozen=True, slots=True)
class Marked(OfDevice):
    """A mark was acknowledged."""

    user: str
    kind: str
    seq: int


@dataclass(frozen=True, slots=True)
class Paged(OfDevice):
    """A device took a page of messages by itself: the one thing a gap must not need."""


@dataclass(frozen=True, slots=True)
class Lost(OfDevice):
    """A socket went down; with which code, or 0 where there was none."""

    code: int


@dataclass(frozen=True, slots=True)
class Ended(OfDevice):
    """The server confirmed that the session of this device is over."""


@dataclass(frozen=True, slots=True)
class Differs(OfDevice):
    """At the end: what a device holds is not what a fresh look shows."""

    what: str


@dataclass(frozen=True, slots=True)
class Struck(Event):
    """A fault began."""

    number: int
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Healed(Event):
    """It is over: everything serves again."""

    number: int


@dataclass(frozen=True, slots=True)
class Sample(Event):
    """What a process holds."""

    process: str
    files: int
    threads: int
    memory: int


@dataclass(frozen=True, slots=True)
class Complaint(Event):
    """Something in a server's log that must not be there."""

    what: str


class History:
    """The events of one run, in the order they happened."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.events: list[Event] = []
        self.counts: Counter[str] = Counter()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def add(self, event: Event) -> None:
        """Appends."""
        self.events.append(event)
        self.counts[type(event).__name__] += 1

    def write(self, file: Path) -> None:
        """One JSON object a line, packed."""
        with gzip.open(file, "wt", compresslevel=5) as lines:
            for event in self.events:
                lines.write(json.dumps({"event": type(event).__name__} | asdict(event)) + "\n")
