"""Row locks, always taken in the same order: rooms by id, memberships, user counters by id.

`FOR NO KEY UPDATE`: a plain `FOR UPDATE` would also block every insert that refers to the locked row. SQLite has one
writer at a time and needs none of it.
"""

from collections.abc import Iterable
from uuid import UUID

from conversations.models import RoomHead, RoomMarks


class RoomIsLocked:
    """Stands for what was not decided because somebody else has the room."""


def lock_heads(room_ids: Iterable[UUID]) -> dict[UUID, RoomHead]:
    """The heads of these rooms, locked: the fence. What decides a change is read by a *later* statement, or a rule
    that changed while this one waited for the lock would be missed (READ COMMITTED re-reads only the locked rows).

    Sends have a statement of their own (`statements.lock_rooms`), which can pass by what somebody else has locked.
    """
    heads = (
        RoomHead.objects.filter(room__in=set(room_ids))
        .select_related("room")
        .order_by("room_id")
        .select_for_update(no_key=True, of=("self",))
    )
    return {head.room_id: head for head in heads}


def lock_marks(room_ids: Iterable[UUID]) -> dict[UUID, RoomMarks]:
    """The receipt counters of these rooms, locked."""
    rows = RoomMarks.objects.filter(room__in=set(room_ids)).order_by("room_id").select_for_update(no_key=True)
    return {row.room_id: row for row in rows}
