"""A room of two, and what its members were told."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.epoch import current_epoch
from tests.people import Person, Published, room_between, room_called


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
