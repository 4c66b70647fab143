"""What happened since: the rows of a room above a number, as they are now.

Shared by the hub's repair, a resuming socket and `changes/`. The heads are always read before the rows, and rows
above the head just read are left for the next time: commit order is number order, so nothing is missed.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from chatapi.limits import limits
from conversations.epoch import current_epoch
from conversations.frames import Change, receipt_frame
from conversations.models import Membership, Message, Room, RoomHead


@dataclass(frozen=True, slots=True)
class Since:
    """What a client has: the number up to which it applied a room's rows, and its receipts."""

    rev: int
    marks: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What it lacks. `rev` and `marks` are what it has after applying them."""

    rev: int
    marks: int
    durable: list[Change] = field(default_factory=list)
    receipts: list[Membership] = field(default_factory=list)
    complete: bool = True


def changes_since(room_id: UUID, since: Since, *, limit: int, viewer: Membership | None = None) -> Changes | None:
    """The changes of a room after `since`, oldest first, at most `limit` durable ones.

    With `viewer`, only what that member may see. None where `since` is not of this history: above the head, or from
    before the viewer's membership began. At most four queries.
    """
    head = RoomHead.objects.select_related("room__marks").get(room=room_id)
    room = head.room
    if since.rev > head.rev or since.marks > room.marks.marks:
        return None
    if viewer is not None and since.rev < viewer.joined_rev:
        return None
    top = head.rev if viewer is None or viewer.left_rev is None else min(head.rev, viewer.left_rev)
    rows = _rows(room, since.rev, top, limit, viewer) if top > since.rev else []
    durable = chain(rows[:limit], since.rev)
    complete = len(rows) <= limit
    return Changes(
        rev=max(since.rev, top if complete else durable[-1].rev),
        marks=room.marks.marks,
        durable=durable,
        receipts=_receipts(room, since.marks, viewer) if room.marks.marks > since.marks else [],
        complete=complete,
    )


Row = Message | Membership | Room


def _rows(room: Room, since: int, top: int, limit: int, viewer: Membership | None) -> list[Row]:
    """The durable rows above `since` in order of their number, one more than `limit` where there are more."""
    span = {"rev__gt": since, "rev__lte": top}
    messages = Message.objects.complete().filter(room=room, **span).order_by("rev")
    if viewer is not None:
        messages = messages.filter(seq__gte=viewer.first_visible_seq)
    members = Membership.objects.filter(room=room, **span).select_related("user", "room").order_by("rev")
    rooms = [room] if since < room.rev <= top else []
    return merged([messages[: limit + 1], members[: limit + 1], rooms])[: limit + 1]


def merged(parts: Iterable[Iterable[Row]]) -> list[Row]:
    """Rows of several kinds, each in order of its number, as one list in that order."""
    return list(heapq.merge(*parts, key=_number))


def _number(row: Row) -> int:
    return row.rev


def chain(rows: Iterable[Row], since: int) -> list[Change]:
    """Changes whose `prev` is the number of the one before; what was created after `since` is new to the reader."""
    return list(_linked(rows, since))


def _linked(rows: Iterable[Row], since: int) -> Iterator[Change]:
    prev = since
    for row in rows:
        yield Change(row, prev, is_new=not isinstance(row, Message) or row.created_rev > since)
        prev = row.rev


def _receipts(room: Room, since: int, viewer: Membership | None) -> list[Membership]:
    if viewer is not None and not viewer.is_active:
        return []
    return list(Membership.objects.filter(room=room, marks__gt=since).select_related("user", "room").order_by("marks"))


def changes_json(membership: Membership, since: Since, epoch: str | None = None) -> dict[str, Any]:
    """What a member lacks of a room since then, as `changes/` and the `changes` frame answer it."""
    current = current_epoch()
    changes = None
    if epoch in {None, "", current}:
        changes = changes_since(membership.room_id, since, limit=limits().replay_frames, viewer=membership)
    if changes is None:
        return {"epoch": current, "reset": True}
    return {
        "epoch": current,
        "rev": changes.rev,
        "marks": changes.marks,
        "changes": [change.as_json(own=True) for change in changes.durable],
        "receipts": [receipt_frame(row) for row in changes.receipts],
        "complete": changes.complete,
    }
