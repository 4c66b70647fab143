"""`manage.py demo`: three people who already talk to each other, to look around with. Repeating it changes nothing."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import BaseCommand, CommandError

from accounts.models import User
from chatapi.errors import NotFound
from conversations.actions.messages import Draft, send_messages
from conversations.actions.rooms import open_direct_room

PASSWORD = "correct horse battery"
PEOPLE = {"alice": "Alice Ahmadi", "bob": "Bob Bauer", "carol": "Carol Costa"}
TALKS = [
    (
        "alice",
        "bob",
        ["Hi Bob!", "Hi Alice. Does it arrive?", "At once. Try leaving the network for a while.", "I did."],
    ),
    ("alice", "carol", ["Lunch on Friday?", "With pleasure."]),
    ("bob", "bob", ["Note to myself: try the sockets."]),
]


class Command(BaseCommand):
    """Makes the people and what they said."""

    help = "Makes example people and rooms; only with DEBUG."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Example people have a known password: set DEBUG=true if this is no production server.")
        people = {name: _person(name, display_name) for name, display_name in PEOPLE.items()}
        for first, second, lines in TALKS:
            _talk(people[first], people[second], lines)
        self.stdout.write(f"  Example people: {', '.join(PEOPLE)}; password: {PASSWORD}\n")


def _person(username: str, display_name: str) -> User:
    try:
        return User.objects.find(username)
    except NotFound:
        return User.objects.create_user(
            username=username,
            email=f"{username}@example.org",
            display_name=display_name,
            password=make_password(PASSWORD),
        )


def _talk(first: User, second: User, lines: list[str]) -> None:
    """The two in turn. A message's id is made from its place, so that a repeat is recognised as one."""
    membership, _ = open_direct_room(user=first, other=second)
    room_id = membership.room_id
    speakers = [first, second]
    send_messages(
        drafts=[
            Draft(room_id, speakers[place % 2], client_id=uuid.uuid5(room_id, str(place)), text=line)
            for place, line in enumerate(lines)
        ]
    )
