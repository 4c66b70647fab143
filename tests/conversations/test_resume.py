"""What an inbox answers to a returning client (commands in the socket's own tests)."""

import pytest

from conversations.catchup import Since
from conversations.epoch import current_epoch
from conversations.inbox import resume_inbox
from tests.people import ok, said

pytestmark = pytest.mark.django_db


def heads(someone, rooms, *, me):
    answer = resume_inbox(someone.user, epoch=current_epoch(), me=me, rooms=rooms)
    return answer.frames[0]["data"]["rooms"]


def test_a_room_that_was_cleared_and_came_back_is_named_to_a_client_that_never_knew_it(alice, bob, room):
    said(bob, room, "before")
    assert alice.client.delete(f"conversations/{room}/").status_code == 204
    device = ok(alice.client.post("sync/", {}))
    assert room not in device["rooms"]
    assert heads(alice, {}, me=device["me"]["rev"]) == {}
    said(bob, room, "after")
    assert heads(alice, {}, me=device["me"]["rev"]) == {room: {"rev": 2, "marks": 0}}
    assert heads(alice, {}, me=None) == {}


def test_a_room_that_the_client_has_is_named_only_when_it_has_moved(alice, bob, room):
    said(bob, room, "before")
    alice.client.delete(f"conversations/{room}/")
    said(bob, room, "after")
    assert heads(alice, {room: Since(2, 0)}, me=0) == {}
    assert heads(alice, {room: Since(1, 0)}, me=0) == {room: {"rev": 2, "marks": 0}}
