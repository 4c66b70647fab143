"""What remains: counts and marks, what processes hold, and what they complained about (I11, I14, I15)."""

from collections import defaultdict

from tests.faults.checkers.record import Record
from tests.faults.history import Complaint, Lost, Marked, Sample, Ticked

EXPECTED_CODES = frozenset({0, 1000, 1001, 1005, 1006, 1012, 1013, 4401, 4408, 4429})
"""None at all, those of an ending connection, and those that tell a client to come back."""
NOT_A_MEMBER = 4403
POOLS = 20
"""Threads and connections that a process makes when it first needs them, and keeps."""


def counts_are_the_rows(record: Record) -> list[str]:
    """I11: unread counts, badges, last messages and marks are what the rows say."""
    wrong = []
    totals: dict[str, int] = defaultdict(int)
    for member in record.truth.members:
        totals[member.user] += member.unread if member.left_rev is None else 0
    for told in record.truth.told:
        member = record.members[told.room, told.user]
        rows = record.rooms.get(told.room, [])
        counted = (member.unread, member.last_read_seq, rows[-1].id if rows else "")
        if (told.unread, told.last_read_seq, told.last_id) != counted:
            wrong.append(f"told {told}, counted {counted}")
    wrong += [
        f"{user}: a badge of {badge}, counted {totals[user]}"
        for user, badge in record.truth.badges.items()
        if badge != totals[user]
    ]
    return wrong + _marks_stay(record) + _ticks_never_go_back(record)


def _marks_stay(record: Record) -> list[str]:
    wrong = []
    for mark in record.of(Marked):
        member = record.members.get((mark.room, mark.user))
        if member is not None and mark.seq > (member.last_read_seq if mark.kind == "read" else member.delivered_seq):
            wrong.append(f"acknowledged and gone: {mark}, {member}")
    return wrong


def _ticks_never_go_back(record: Record) -> list[str]:
    wrong = []
    reached: dict[tuple[str, int, str, str], tuple[int, int]] = {}
    for tick in record.of(Ticked):
        place = tick.device, tick.connection, tick.room, tick.user
        delivered, read = reached.get(place, (0, 0))
        if tick.delivered < delivered or tick.read < read:
            wrong.append(f"after {delivered} and {read} came {tick}")
        reached[place] = tick.delivered, tick.read
    return wrong


def nothing_is_left_behind(record: Record) -> list[str]:
    """I14: at the end a process holds about as many files and threads as at the beginning."""
    first: dict[str, Sample] = {}
    last: dict[str, Sample] = {}
    for sample in record.of(Sample):
        first.setdefault(sample.process, sample)
        last[sample.process] = sample
    return [
        f"{before}, at the end {last[name]}"
        for name, before in first.items()
        if last[name].files > before.files * 1.1 + POOLS or last[name].threads > before.threads * 1.1 + POOLS
    ]


def no_unforeseen_error(record: Record) -> list[str]:
    """I15: no traceback that nobody foresaw, no 5xx but 503, no close code that is not documented."""
    wrong = [complaint.what for complaint in record.of(Complaint)]
    for end in record.of(Lost):
        left = end.code == NOT_A_MEMBER and record.left_rev(end.device, end.room) != float("inf")
        if end.code not in EXPECTED_CODES and not left:
            wrong.append(f"closed with an unexpected code: {end}")
    return wrong
