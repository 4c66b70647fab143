"""A room of two, and what its members were told."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from chatapi import ids
from conversations.epoch import current_epoch
from conversations.models import Membership, Message, Room, RoomHead, RoomMarks
from tests.people import Person, Published, room_between, room_called

BASE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty threads on one row may wait longer than a server lets them, on a machine that is busy otherwise."""
    options = connections.databases["default"].get("OPTIONS", {})
    if "options" in options:
        monkeypatch.setitem(options, "options", "-c statement_timeout=30000 -c lock_timeout=30000")


@pytest.fixture
def room(alice: Person, bob: Person) -> str:
    """The name of Alice's room with Bob: she opened it, nobody has written yet."""
    return room_between(alice, bob)


def frames(published: Published, room_name: str) -> list[dict[str, Any]]:
    """The frames that everybody in the room was sent."""
    topic = room_called(room_name).topic
    return [json.loads(event.text) for event in published.events if event.topic == topic]


def bells(published: Published, someone: Person) -> list[int]:
    """The `me` numbers that somebody's own devices were told of."""
    return [event.rev for event in published.events if event.topic == someone.user.topic and event.rev]


def queries(call: Callable[[], Any]) -> int:
    """How many statements a call takes; what is kept for some seconds is fetched before."""
    current_epoch()
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


def many_rooms(
    someone: Person,
    number: int,
    *,
    activity: Callable[[int], dt.datetime] = lambda n: BASE + dt.timedelta(seconds=n),
    pinned: Callable[[int], bool] = lambda n: False,
    messages: Callable[[int], int] = lambda n: 1,
) -> list[str]:
    """Group rooms of one person with some messages each, through the models: the later ones with later activity."""
    rooms = [Room(kind=Room.Kind.GROUP, title=f"{n}") for n in range(number)]
    Room.objects.bulk_create(rooms)
    written = [list(_messages(room, someone, messages(n))) for n, room in enumerate(rooms)]
    Message.objects.bulk_create([message for several in written for message in several], batch_size=2_000)
    RoomHead.objects.bulk_create(
        RoomHead(
            room=room,
            rev=len(several),
            seq=len(several),
            last_message_id=several[-1].pk,
            last_activity_at=activity(n),
        )
        for n, (room, several) in enumerate(zip(rooms, written, strict=True))
    )
    RoomMarks.objects.bulk_create(RoomMarks(room=room) for room in rooms)
    Membership.objects.bulk_create(
        Membership(room=room, user=someone.user, joined_me=1, pinned_at=BASE if pinned(n) else None)
        for n, room in enumerate(rooms)
    )
    return [room.name for room in rooms]


def _messages(room: Room, sender: Person, number: int) -> Iterator[Message]:
    for n in range(1, number + 1):
        yield Message(room=room, seq=n, rev=n, created_rev=n, client_id=ids.uuid7(), sender=sender.user, text=f"{n}")
