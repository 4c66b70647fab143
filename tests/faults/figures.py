"""What a run measured.

**Delay** of a message on a device: from when it was possible - its store, or where a fault lies in between, the end of
that fault - until the device holds it, by whatever way.

**Catch-up** of a device after a fault: from the fault's end until every connection that the device lost is back and the
device holds every message stored up to then. Devices that lost and lacked nothing are not counted, nor are those that
the next fault hit before.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.checkers import Record
from tests.faults.checkers.delivery import delay_of, stored_times
from tests.faults.history import (
    Answered,
    Got,
    Greeted,
    Healed,
    Heard,
    Joined,
    Lost,
    Marked,
    Sample,
    Struck,
    Ticked,
)


@dataclass(frozen=True)
class Spread:
    """How some seconds are spread."""

    number: int
    p50: float
    p99: float
    most: float


@dataclass(frozen=True)
class FaultLine:
    """A fault as a line of a report."""

    number: int
    name: str
    begin: float
    end: float
    caught_up: Spread


@dataclass(frozen=True)
class Figures:
    """Of one run."""

    sends: int
    answered: int
    repeats: int
    deliveries: int
    frames: int
    marks: int
    ticks: int
    connections_lost: int
    codes: dict[int, int]
    faults: list[FaultLine]
    delay: Spread
    catch_up: Spread
    memory: dict[str, tuple[int, int, int]]
    """By process: bytes at the beginning, at most, and at the end."""


def figures(record: Record) -> Figures:
    """All of it."""
    behind = catch_ups(record)
    healed = {heal.number: heal.at for heal in record.of(Healed)}
    faults = [
        FaultLine(fault.number, fault.name, fault.at, healed.get(fault.number, fault.at), spread(behind[fault.number]))
        for fault in record.of(Struck)
    ]
    answers = len(record.of(Answered))
    return Figures(
        sends=len(record.invoked),
        answered=len(record.answers),
        repeats=answers - len(record.answers),
        deliveries=len(record.of(Got)),
        frames=len(record.of(Heard)),
        marks=len(record.of(Marked)),
        ticks=len(record.of(Ticked)),
        connections_lost=len(record.of(Lost)),
        codes=dict(sorted(Counter(end.code for end in record.of(Lost)).items())),
        faults=faults,
        delay=spread(delays_of(record)),
        catch_up=spread([seconds for found in behind.values() for seconds in found]),
        memory=_memory(record),
    )


def delays_of(record: Record) -> list[float]:
    """Of every message on every device."""
    stored = stored_times(record)
    return [delay_of(record, stored[got.id], got.at) for got in record.of(Got)]


def catch_ups(record: Record) -> dict[int, list[float]]:
    """By fault: the seconds of each device that had something to catch up on."""
    arrivals = arrivals_by_device(record)
    absences = absences_by_device(record)
    found: dict[int, list[float]] = defaultdict(list)
    for fault, (begin, end) in zip(record.of(Struck), record.windows, strict=True):
        if any(other < end < others_end for other, others_end in record.windows):
            continue  # two at once: the one that ends later counts
        following = [at for at, _ in record.windows if at > end]
        for device in {join.device for join in record.of(Joined)}:
            lost = [back for gone, back in absences[device] if begin <= gone <= end + NOTICED and back > end]
            live = max(lost, default=end)
            late = [at for stored, at in arrivals[device] if stored < live and at > end]
            done = max([live, *late])
            if done > end and done < min(following, default=float("inf")):
                found[fault.number].append(done - end)
    return found


NOTICED = 0.5
"""A connection that is cut is noticed within these seconds."""


def arrivals_by_device(record: Record) -> dict[str, list[tuple[float, float]]]:
    """When each message that came with a delay was stored, and when it arrived."""
    stored = stored_times(record)
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for got in record.of(Got):
        if got.at - stored[got.id] > 0.05:
            found[got.device].append((stored[got.id], got.at))
    return found


def absences_by_device(record: Record) -> dict[str, list[tuple[float, float]]]:
    """From when to when each device was without one of its connections."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    gone: dict[tuple[str, str], float] = {}
    for event in record.events:
        if isinstance(event, Lost):
            gone.setdefault((event.device, event.room), event.at)
        elif isinstance(event, Greeted) and (event.device, event.room) in gone:
            found[event.device].append((gone.pop((event.device, event.room)), event.at))
    return found


def spread(seconds: Sequence[float]) -> Spread:
    """Of these; zeros where there are none."""
    ranked = sorted(seconds) or [0.0]
    last = len(ranked) - 1
    values = [round(ranked[round(share * last)], 3) for share in (0.5, 0.99, 1.0)]
    return Spread(len(seconds), *values)


def _memory(record: Record) -> dict[str, tuple[int, int, int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for sample in record.of(Sample):
        found[sample.process].append(sample.memory)
    return {name: (values[0], max(values), values[-1]) for name, values in found.items()}
