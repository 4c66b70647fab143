"""What stories about people who know each other share."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Contact, User, UserCounter
from chatapi import ids
from conversations.epoch import current_epoch
from tests.people import Person, Published, ok


def bells(published: Published, someone: Person) -> list[int]:
    """The `me` numbers that somebody's own devices were told of."""
    return [event.rev for event in published.events if event.topic == someone.user.topic and event.rev]


def queries(call: Callable[[], Any]) -> int:
    """How many statements a call takes; what is kept for some seconds is fetched before."""
    current_epoch()
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


def crowd(number: int, prefix: str = "friend") -> list[User]:
    """Many people who never log in."""
    return User.objects.bulk_create(
        User(username=f"{prefix}{n:04}", email=f"{prefix}{n}@example.org") for n in range(number)
    )


def saved(someone: Person, people: list[User]) -> None:
    """Contacts through the models, with the numbers that one after the other would take."""
    rows = [Contact(id=ids.uuid7(), owner=someone.user, person=person, me_rev=n + 1) for n, person in enumerate(people)]
    Contact.objects.bulk_create(rows, batch_size=500)
    User.objects.filter(pk=someone.user.pk).update(people_rev=len(people))
    UserCounter.objects.filter(user=someone.user).update(me=len(people))


def names(someone: Person, path: str) -> list[str]:
    """The usernames of a whole list, page by page."""
    found = []
    following: str | None = path
    while following:
        page = ok(someone.client.get(following))
        found += [entry["user"]["username"] for entry in page["results"]]
        following = page["next"]
    return found
