"""People, rooms and history for the stock chat: a plan on standard input, what was made on standard output."""

import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from chat.models import Message, Room  # noqa: E402
from chat.tokens import token_of  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402


def main() -> None:
    plan: dict[str, Any] = json.load(sys.stdin)
    call_command("migrate", verbosity=0)
    users = User.objects.bulk_create(User(username=f"user{number}") for number in range(plan["users"]))
    through = Room.members.through
    for name, members in plan["rooms"].items():
        room = Room.objects.create(name=name)
        through.objects.bulk_create(through(room=room, user=users[number]) for number in members)
    if plan["history"]:
        history(Room.objects.get(name=plan["history"]), users, plan["history_messages"])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    names = {name: name for name in plan["rooms"]}
    json.dump({"tokens": [token_of(user) for user in users], "rooms": names}, sys.stdout)


def history(room: Room, users: list[User], number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Message._meta.db_table} (room_id, sender_id, text, created_at)"
            " SELECT %s, %s, repeat('word ', 20), now() - interval '30 days' + n * interval '1 second'"
            " FROM generate_series(1, %s) n",
            [room.pk, users[0].pk, number],
        )


if __name__ == "__main__":
    main()
