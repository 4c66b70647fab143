"""What a run measured.

**Delay** of a message on a device: from when it was possible - its store, or where a fault lies in between, the end of
that fault - until the device holds it, by whatever way.

**Catch-up** of a device after a fault: the largest delay among the messages that were stored before the fault's end and
that the device did not hold then. Devices that lacked nothing are not counted.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.checkers import Record
from tests.faults.checkers.delivery import delay_of, stored_times
from tests.faults.history import Answered, Got, Healed, Heard, Lost, Marked, Sample, Struck, Ticked


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
    memory: dict[str, tuple[int, int]]
    """By process: bytes at the beginning and at the end."""


def figures(record: Record) -> Figures:
    """All of it."""
    delays, behind = delays_of(record)
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
        delay=spread(delays),
        catch_up=spread([seconds for found in behind.values() for seconds in found]),
        memory=_memory(record),
    )


def delays_of(record: Record) -> tuple[list[float], dict[int, list[float]]]:
    """Every delay; and by fault the catch-ups of those who lacked something at its end."""
    stored = stored_times(record)
    windows = [
        (fault.number, begin, end) for fault, (begin, end) in zip(record.of(Struck), record.windows, strict=True)
    ]
    delays: list[float] = []
    largest: dict[tuple[int, str], float] = defaultdict(float)
    for got in record.of(Got):
        began, delay = stored.get(got.id, got.at), delay_of(record, stored.get(got.id, got.at), got.at)
        delays.append(delay)
        if got.at - began > 0.05:
            for number, _, end in windows:
                if began <= end < got.at and abs(got.at - delay - end) < 0.001:
                    largest[number, got.device] = max(largest[number, got.device], delay)
    behind: dict[int, list[float]] = defaultdict(list)
    for (number, _), seconds in largest.items():
        behind[number].append(seconds)
    return delays, behind


def spread(seconds: Sequence[float]) -> Spread:
    """Of these; zeros where there are none."""
    ranked = sorted(seconds) or [0.0]
    last = len(ranked) - 1
    values = [round(ranked[round(share * last)], 3) for share in (0.5, 0.99, 1.0)]
    return Spread(len(seconds), *values)


def _memory(record: Record) -> dict[str, tuple[int, int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for sample in record.of(Sample):
        found[sample.process].append(sample.memory)
    return {name: (values[0], values[-1]) for name, values in found.items()}
