"""Inboxes hear of a room whatever else begins in it."""

import asyncio

import pytest

from chatapi import json
from chatapi.realtime.event import Event
from chatapi.realtime.hub import Hub
from chatapi.realtime.sources import sources
from tests.realtime.sockets import ROOM, TOPIC, ModelRoom, ModelTopics


class Listener:
    """A socket that keeps what it is sent."""

    floor = 0
    away = False

    def __init__(self, user, kind):
        self.user, self.kind, self.session, self.frames = user, kind, f"session of {user}", []

    def push(self, frames):
        self.frames += [json.loads(text) for text in frames.texts]

    def close(self, code):
        raise AssertionError(f"closed with {code}")


@pytest.fixture
def room(monkeypatch):
    room = ModelRoom()
    monkeypatch.setattr(sources, "topics", ModelTopics(room))
    return room


@pytest.mark.parametrize("late", [False, True], ids=["while she reads", "after she is live"])
async def test_what_a_snapshot_made_old_is_named_to_inboxes(room, late):
    """I11: the message was stored, its event still on its way, when Alice's snapshot had it already."""
    hub, bob, alice = Hub(), Listener("bob", "inbox"), Listener("alice", "room")
    await hub.enter_inbox(bob)
    stored = room.create()
    hub.join(TOPIC, ROOM, alice)
    if not late:
        hub.receive([stored])
    hub.go_live(TOPIC, alice, room.rev, room.marks)
    if late:
        hub.receive([stored])
    await settled()
    hub._inboxes.beat(["bob"], "epoch")
    told = [frame for frame in bob.frames if frame["type"] == "row"]
    assert told or bob.frames[-1]["data"]["rooms"] == {ROOM: {"rev": 1, "marks": 0}}


async def test_a_database_that_is_away_loses_no_event_of_an_inbox(room, monkeypatch):
    """N4: who is in the room is asked until there is an answer."""
    hub, bob = Hub(), Listener("bob", "inbox")
    await hub.enter_inbox(bob)
    asked = []
    real = ModelTopics.members

    def members(topics, topic):
        asked.append(topic)
        if len(asked) == 1:
            raise RuntimeError("the database is away")
        return real(topics, topic)

    monkeypatch.setattr(ModelTopics, "members", members)
    hub.receive([room.create()])
    for _ in range(60):
        await settled()
        if bob.frames:
            break
    assert [frame["rev"] for frame in bob.frames] == [1]


async def test_an_inbox_in_the_background_hears_nothing_passing(room):
    hub, bob = Hub(), Listener("bob", "inbox")
    await hub.enter_inbox(bob)
    for bob.away in (True, False):
        hub.receive([room.create()])
        await settled()
        hub.receive([Event(TOPIC, json.dumps({"type": "typing.updated"}), but_user="alice")])
    await settled()
    assert [frame["type"] for frame in bob.frames] == ["row", "row", "typing.updated"]


async def settled():
    """Long enough for what was started, the database threads included."""
    for _ in range(5):
        await asyncio.sleep(0.01)
