"""People, sessions, rooms and history for this project: a plan on standard input, what was made on standard output.

Runs with the project on its path. Rows that are needed by the thousand are copies of one row made through the models,
so that a new column needs no change here.
"""

import datetime as dt
import json
import sys
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402

from accounts import tokens  # noqa: E402
from accounts.models import Session, User, UserCounter  # noqa: E402
from conversations.models import Membership, Message, Room, RoomHead, RoomMarks  # noqa: E402
from conversations.models.room import direct_key  # noqa: E402


def main() -> None:
    plan: dict[str, Any] = json.load(sys.stdin)
    call_command("migrate", verbosity=0)
    users = make_users(plan["users"])
    rooms = {name: make_room(name, [users[number] for number in members]) for name, members in plan["rooms"].items()}
    make_fillers(users[: plan["filler_users"]], plan["filler_rooms"])
    if plan["history"]:
        make_history(rooms[plan["history"]], users[0], plan["history_messages"])
    sessions = Session.objects.bulk_create(
        Session(user=user, generation_used=True, last_used_at=an_hour_ago()) for user in users
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    names = {name: room.name for name, room in rooms.items()}
    json.dump({"tokens": [tokens.pair_of(session).access for session in sessions], "rooms": names}, sys.stdout)


def an_hour_ago() -> dt.datetime:
    return dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)


def make_users(number: int) -> list[User]:
    users = User.objects.bulk_create(
        User(username=f"user{n}", username_key=f"user{n}", email=f"user{n}@example.org", password="!")
        for n in range(number)
    )
    UserCounter.objects.bulk_create(UserCounter(user=user) for user in users)
    return users


def make_room(title: str, members: list[User]) -> Room:
    two = len(members) == 2
    room = Room.objects.create(
        kind=Room.Kind.DIRECT if two else Room.Kind.GROUP,
        direct_key=direct_key(members[0].pk, members[1].pk) if two and title != "history" else None,
        title=title,
        created_by=members[0],
    )
    RoomHead.objects.create(room=room)
    RoomMarks.objects.create(room=room)
    Membership.objects.bulk_create(Membership(room=room, user=user, joined_me=1) for user in members)
    return room


def make_fillers(users: list[User], rooms_each: int, size: int = 10) -> None:
    """Rooms that are only there so that everybody is in many: groups of `size`, `rooms_each` for each user."""
    rooms, memberships = [], []
    for start in range(0, len(users), size):
        for number in range(rooms_each):
            rooms.append(Room(kind=Room.Kind.GROUP, title=f"Filler {start}-{number}"))
            memberships += [Membership(room=rooms[-1], user=user, joined_me=1) for user in users[start : start + size]]
    Room.objects.bulk_create(rooms, batch_size=2_000)
    RoomHead.objects.bulk_create((RoomHead(room=room) for room in rooms), batch_size=2_000)
    RoomMarks.objects.bulk_create((RoomMarks(room=room) for room in rooms), batch_size=2_000)
    Membership.objects.bulk_create(memberships, batch_size=2_000)


def make_history(room: Room, sender: User, number: int) -> None:
    """`number` messages, one a second, the last one a month old."""
    first = Message.objects.create(
        room=room,
        sender=sender,
        seq=0,
        rev=0,
        created_rev=0,
        client_id=room.pk,
        fingerprint="0" * 32,
        text="word " * 20,
    )
    began = dt.datetime.now(dt.UTC) - dt.timedelta(days=30, seconds=number)
    milliseconds = f"({int(began.timestamp() * 1000)} + n * 1000)"
    ids = f"(lpad(to_hex({milliseconds}::bigint), 12, '0') || '7000' || '8' || lpad(to_hex(n), 15, '0'))::uuid"
    copies(first, number, id=ids, seq="n", rev="n", created_rev="n", client_id=ids)
    first.delete()
    RoomHead.objects.filter(room=room).update(seq=number, rev=number)


def copies(row: models.Model, number: int, **differing: str) -> None:
    """`number` copies of `row`; `differing` are SQL expressions of `n`, 1 to `number`."""
    columns = [field.column for field in row._meta.concrete_fields]
    values = [differing.get(column, f'"{column}"') for column in columns]
    table = row._meta.db_table
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)} FROM "{table}", generate_series(1, %s) n'
            " WHERE id = %s",
            [number, row.pk],
        )


if __name__ == "__main__":
    main()
