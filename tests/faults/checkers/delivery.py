"""Delivery: everybody gets everything, in one order, and nobody what is not theirs (I5, I8, I9, I12, I13, I17)."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.faults.checkers.record import Record
from tests.faults.history import Answered, Began, Differs, Got, Greeted, Heard, Joined, Paged

REVOCATION_SECONDS = 30.0
"""By then a session's end is known everywhere, even if its event was lost."""


def one_order_live(record: Record) -> list[str]:
    """I5: frames are what is stored; on one socket of a room each follows the one before, and on an inbox none steps
    back. Only a resume may jump.
    """
    stored = {(row.room, row.rev): row for row in record.truth.rows}
    reached: dict[tuple[str, int, str], int | None] = {}
    wrong = []
    for event in record.events:
        if isinstance(event, Greeted):
            reached[event.device, event.connection, event.room] = event.rev if event.complete else None
        elif isinstance(event, Heard):
            row = stored.get((event.room, event.rev))
            if event.id and (row is None or (row.id, row.seq, row.text) != (event.id, event.seq, event.text)):
                wrong.append(f"heard something else than is stored: {event}, {row}")
            place = event.device, event.connection, event.room
            before = reached.get(place)
            if before is not None and (event.rev <= before or (event.prev > before and not event.inbox)):
                wrong.append(f"after {before} came {event}")
            reached[place] = event.rev
    return wrong


def everybody_has_everything(record: Record, *, within: float = 60.0) -> list[str]:
    """I8: every device gets every message of its rooms, soon after it was possible."""
    wrong = []
    for join, missing, late in shortfalls(record):
        if missing:
            wrong.append(f"{join.device} never got {len(missing)} messages of {join.room}, the first {missing[0]}")
        slow = [seconds for seconds in late if seconds > within]
        if slow:
            wrong.append(f"{join.device} in {join.room}: {len(slow)} messages late, by up to {max(slow):.1f} s")
    return wrong


def shortfalls(record: Record) -> Iterator[tuple[Joined, list[str], list[float]]]:
    """For each device and room: the messages it never got, and how long each other one took after it was possible."""
    got: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for event in record.of(Got):
        got[event.device, event.room].setdefault(event.id, event.at)
    stored = stored_times(record)
    for (device, room), join in record.joined.items():
        if device in record.ended or record.left_rev(device, room) != float("inf"):
            continue
        begin = record.began.get((device, room), 0)
        wanted = [row.id for row in record.rooms.get(room, []) if begin < row.rev]
        held = got[device, room]
        late = [delay_of(record, stored[key], held[key]) for key in wanted if key in held]
        yield join, [key for key in wanted if key not in held], late


def stored_times(record: Record) -> dict[str, float]:
    """By message: when it was first known to be stored, by an answer or by anybody who had it."""
    stored: dict[str, float] = {}
    for event in record.events:  # in order of time
        if isinstance(event, Answered | Got):
            stored.setdefault(event.id, event.at)
    return stored


def delay_of(record: Record, stored: float, arrived: float) -> float:
    """Seconds from when it was possible: from the store, or from the end of the last fault in between."""
    if arrived - stored < 0.05:
        return arrived - stored
    ends = [min(end, arrived) for begin, end in record.windows if begin < arrived and end > stored]
    return arrived - max([stored, *ends])


def gaps_need_no_reload(record: Record) -> list[str]:
    """I9: a device begins once with a room and takes one page of it at most; no history is ever declared over."""
    pages = Counter((page.device, page.room) for page in record.of(Paged))
    wrong = [f"{device} took {times} pages of {room}" for (device, room), times in pages.items() if times > 1]
    begins = Counter((begin.device, begin.room) for begin in record.of(Began))
    wrong += [f"{device} began {times} times with {room}" for (device, room), times in begins.items() if times > 1]
    return wrong + [f"told to begin anew: {event}" for event in record.of(Greeted) if event.reset]


def nothing_after_the_end(record: Record) -> list[str]:
    """I12: nothing that happened after a leaving or a logout reaches who is gone."""
    wrong = []
    for event in record.of(Heard):
        if event.rev > record.left_rev(event.device, event.room):
            wrong.append(f"heard after leaving: {event}")
        if event.at > record.ended.get(event.device, float("inf")) + REVOCATION_SECONDS:
            wrong.append(f"heard after the session's end: {event}")
    return wrong


def nothing_foreign(record: Record) -> list[str]:
    """I13: every text names its room, and stays with its members."""
    wrong = []
    for event in record.of(Heard):
        join = record.joined.get((event.device, event.room))
        if join is None or (record.truth.members and (event.room, join.user) not in record.members):
            wrong.append(f"heard by no member: {event}")
        elif event.text and event.text.split(" ", 1)[0] != event.room:
            wrong.append(f"heard in another room: {event}")
    return wrong


def ends_as_a_fresh_look(record: Record) -> list[str]:
    """I17: whatever happened to it, a device ends with what a new one would fetch."""
    return [f"{found.device} in {found.room}: {found.what}" for found in record.of(Differs)]
