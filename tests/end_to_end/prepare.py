"""Things that clients cannot do, or not quickly: a process in the site's environment, asked over its standard input."""

import json
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

import django

django.setup()

from django.db import transaction  # noqa: E402

from accounts.models import User  # noqa: E402
from conversations import events  # noqa: E402
from conversations.actions.rooms import end_membership  # noqa: E402
from conversations.models import Membership  # noqa: E402
from tests import people  # noqa: E402

BATCH = 500


def persons(names: list[str]) -> list[dict[str, Any]]:
    """Accounts with a session each, without the way over codes."""
    return [device(people.person(name)) for name in names]


def devices(names: list[str]) -> list[dict[str, Any]]:
    """One more session of each of these people."""
    return [device(people.Person(user, people.logged_in(user))) for user in map(User.objects.find, names)]


def device(person: people.Person) -> dict[str, Any]:
    return person.tokens | {"user": person.user.short()}


def group(members: list[str], title: str = "Group") -> str:
    """The room name of a new group."""
    return people.group_of(*[people.Person(User.objects.find(name), {}) for name in members], title=title)


def direct(one: str, others: list[str]) -> list[str]:
    """The room names of `one` with each of the others."""
    first = people.Person(User.objects.find(one), {})
    return [people.room_between(first, people.Person(User.objects.find(name), {})) for name in others]


def remove(room: str, name: str) -> None:
    """Takes somebody out of a room."""
    end_membership(room_id=people.room_called(room).pk, user=User.objects.find(name), state=Membership.State.REMOVED)


def say(room: str, sender: str, texts: list[str]) -> None:
    """Sends many messages, as fast as the action takes them, and tells no socket."""
    person = people.Person(User.objects.find(sender), {})
    with mock.patch.object(events, "messages_created"):
        for start in range(0, len(texts), BATCH):
            people.said(person, room, *texts[start : start + BATCH])


def say_everywhere(rooms: list[str], texts: list[str], sender: str = "", senders: list[str] | None = None) -> None:
    """Says the same in many rooms: all by one, or each by the room's own sender."""
    for room, name in zip(rooms, senders or [sender] * len(rooms), strict=True):
        say(room, name, texts)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (persons, devices, group, direct, remove, say, say_everywhere)
}


def main() -> None:
    for line in sys.stdin:
        name, arguments = json.loads(line)
        with transaction.atomic():
            answer = FUNCTIONS[name](**arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
