"""Row locks, always taken in the same order: rooms by id, memberships, user counters by id.

`FOR NO KEY UPDATE`: a plain `FOR UPDATE` would also block every insert that refers to the locked row. SQLite has one
writer at a time and needs none of it.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from conversations.models import RoomHead, RoomMarks


class RoomIsLocked:
    """Stands for what was not decided because somebody else has the room."""


def lock_heads(room_ids: Iterable[UUID], *, pass_by_locked: bool = False) -> dict[UUID, RoomHead]:
    """The heads of these rooms, locked: the fence. What decides a change is read by a *later* statement, or a rule
    that changed while this one waited for the lock would be missed (READ COMMITTED re-reads only the locked rows).

    With `pass_by_locked`, rooms that somebody else has locked are left out instead of waited for.
    """
    heads = (
        RoomHead.objects.filter(room__in=set(room_ids))
        .select_related("room")
        .order_by("room_id")
        .select_for_update(no_key=True, of=("self",), skip_locked=pass_by_locked)
    )
    return {head.room_id: head for head in heads}


def lock_marks(room_ids: Iterable[UUID]) -> dict[UUID, RoomMarks]:
    """The receipt counters of these rooms, locked."""
    rows = RoomMarks.objects.filter(room__in=set(room_ids)).order_by("room_id").select_for_update(no_key=True)
    return {row.room_id: row for row in rows}


def save_heads(heads: Sequence[RoomHead]) -> None:
    """Writes locked heads back: one statement, which is most of what a batch of sends costs if it is made of CASEs."""
    columns = RoomHead._meta.concrete_fields  # in the order of the model: the key first
    row = f"({', '.join(['%s'] * len(columns))})"
    values = [
        column.get_db_prep_save(getattr(head, column.attname), connection) for head in heads for column in columns
    ]
    changes = ", ".join(f"{column.column} = new.column{place}" for place, column in enumerate(columns[1:], start=2))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {RoomHead._meta.db_table} SET {changes} FROM (VALUES {', '.join([row] * len(heads))}) AS new"  # noqa: S608
            f" WHERE {columns[0].column} = new.column1",
            values,
        )
