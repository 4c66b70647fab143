"""A member's own view of a room: settings, clearing, and the counter of one's own changes."""

import datetime as dt

import pytest

from chatapi import ids, times
from conversations.actions.rooms import end_membership
from conversations.models import Membership, Message
from tests.conversations.conftest import bells, frames
from tests.people import (
    another_device,
    group_of,
    in_parallel,
    membership_of,
    ok,
    refusal,
    room_between,
    room_called,
    said,
    without_request_id,
)

pytestmark = pytest.mark.django_db


def change(someone, room_name, **settings):
    return someone.client.patch(f"conversations/{room_name}/", settings)


def clear(someone, room_name):
    return someone.client.delete(f"conversations/{room_name}/")


@pytest.fixture
def talk(alice, bob, room, published):
    said(alice, room, "1", "2", "3")
    published.clear()
    return room


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ({"muted_until": "2099-01-01T00:00:00.000Z"}, {"muted_until": "2099-01-01T00:00:00.000Z"}),
        ({"muted_until": "2099-01-01T02:00:00+02:00"}, {"muted_until": "2099-01-01T00:00:00.000Z"}),
        ({"muted_until": None}, {"muted_until": None}),
        ({"archived": True}, {"archived": True}),
        ({"marked_unread": True}, {"marked_unread": True}),
        ({"archived": True, "marked_unread": True}, {"archived": True, "marked_unread": True}),
    ],
)
def test_bob_changes_what_only_he_sees(alice, bob, talk, published, wanted, shown):
    theirs = alice.client.room(talk)
    room = ok(change(bob, talk, **wanted))
    assert {name: room["my"][name] for name in shown} == shown
    assert room == bob.client.room(talk)
    assert alice.client.room(talk) == theirs
    assert frames(published, talk) == []
    assert bells(published, alice) == []


def test_pinning_keeps_its_moment(bob, talk):
    pinned = ok(change(bob, talk, pinned=True))["my"]["pinned_at"]
    assert pinned is not None
    assert ok(change(bob, talk, pinned=True))["my"]["pinned_at"] == pinned
    assert ok(change(bob, talk, pinned=False))["my"]["pinned_at"] is None


def test_only_what_is_given_changes(bob, talk):
    ok(change(bob, talk, archived=True, pinned=True, marked_unread=True))
    my = ok(change(bob, talk, pinned=False))["my"]
    assert (my["archived"], my["marked_unread"], my["pinned_at"]) == (True, True, None)


def test_each_change_takes_one_number_and_no_change_takes_none(bob, talk, published):
    """The counter `me` moves exactly when something of Bob's own changes."""
    start = bob.me
    ok(change(bob, talk, archived=True, marked_unread=True))
    assert bob.me == start + 1
    for settings in ({"archived": True}, {"muted_until": None}, {"pinned": False}, {}):
        ok(change(bob, talk, **settings))
    assert (bob.me, bells(published, bob)) == (start + 1, [start + 1])
    ok(bob.client.mark("delivered", talk, 2))
    assert bob.me == start + 1
    ok(bob.client.mark("read", talk, 2))
    ok(clear(bob, talk))
    assert (bob.me, bells(published, bob)) == (start + 3, [start + 1, start + 2, start + 3])


def test_the_number_of_one_is_not_moved_by_another(alice, bob, talk):
    before = alice.me
    ok(change(bob, talk, archived=True))
    ok(bob.client.mark("read", talk, 3))
    said(bob, talk, "4")
    assert alice.me == before


def test_another_device_learns_it_from_sync(alice, bob, talk):
    known = bob.client.sync()
    ok(change(another_device(bob), talk, archived=True))
    room = known["rooms"][talk]
    answer = bob.client.sync(
        epoch=known["epoch"],
        me=known["me"]["rev"],
        rooms={talk: {"rev": room["rev"], "marks": room["marks"]}},
    )
    assert answer["rooms"][talk]["room"]["my"]["archived"] is True
    assert answer["me"]["rev"] == known["me"]["rev"] + 1
    assert answer["rooms"][talk]["changes"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"muted_until": "tomorrow"}, "invalid_input"),
        ({"muted_until": 5}, "invalid_input"),
        ({"muted_until": "0001-01-01T00:00:00+14:00"}, "invalid_input"),
        ({"muted_until": "9999-12-31T23:59:59-14:00"}, "invalid_input"),
        ({"archived": None}, "invalid_input"),
        ({"archived": "perhaps"}, "invalid_input"),
        ({"archived": []}, "invalid_input"),
        ({"pinned": {}}, "invalid_input"),
        ({"marked_unread": 2}, "invalid_input"),
        ({"disappearing_seconds": 60}, "unknown_field"),  # not before something acts on it
        ({"extra": None}, "invalid_input"),
        ({"extra": []}, "invalid_input"),
        ({"extra": {"a": "x" * 4_089}}, "invalid_input"),
        ({"archived": True, "extra": []}, "invalid_input"),
        ({"title": "mine"}, "unknown_field"),
        ({"kind": "group"}, "unknown_field"),
        ({"pinned_at": "2026-01-01T00:00:00Z"}, "unknown_field"),
        ({"last_read_seq": 0}, "unknown_field"),
        ({"first_visible_seq": 1}, "unknown_field"),
        ({"role": "owner"}, "unknown_field"),
        ({"state": "member"}, "unknown_field"),
        ({"joined_rev": 0}, "unknown_field"),
        ({"rev": 9}, "unknown_field"),
        ({"my": {"archived": True}}, "unknown_field"),
    ],
)
def test_what_cannot_be_changed(bob, talk, published, body, code):
    """S51."""
    before = bob.client.room(talk)
    assert refusal(change(bob, talk, **body)) == (400, code)
    assert bob.client.room(talk) == before
    assert published.events == []


def test_the_outsider_changes_nothing(mallory, talk, published):
    """S42."""
    for body in ({"archived": True}, {"extra": {"a": 1}}, {"extra": []}, {"nonsense": 1}):
        there, absent = change(mallory, talk, **body), change(mallory, ids.room_name(), **body)
        assert refusal(there) == (404, "not_found")
        assert without_request_id(there) == without_request_id(absent)
    assert refusal(clear(mallory, talk)) == (404, "not_found")
    assert published.events == []


# Clearing


def test_clearing_empties_the_room_for_one(alice, bob, talk, published):
    ok(change(bob, talk, marked_unread=True))
    answer = clear(bob, talk)
    assert (answer.status_code, answer.content) == (204, b"")
    room = bob.client.room(talk)
    assert (room["my"]["unread_count"], room["my"]["first_visible_seq"], room["last_message"]) == (0, 4, None)
    assert (room["my"]["last_read_seq"], room["my"]["marked_unread"]) == (3, False)
    assert bob.client.rooms() == []
    assert bob.client.messages(talk) == []
    assert len(alice.client.messages(talk)) == 3
    assert alice.client.rooms()[0]["others"] == {"delivered_seq": 0, "read_seq": 0}  # nobody is told that he did
    assert frames(published, talk) == []


def test_a_cleared_room_comes_back_with_the_next_message(alice, bob, talk):
    ok(clear(bob, talk))
    said(alice, talk, "4")
    (room,) = bob.client.rooms()
    assert (room["my"]["unread_count"], room["last_message"]["text"]) == (1, "4")
    assert [message["seq"] for message in bob.client.messages(talk)] == [4]


def test_clearing_twice_changes_the_floor_once(bob, talk):
    ok(clear(bob, talk))
    ok(clear(bob, talk))
    assert membership_of(bob, talk).first_visible_seq == 4


def test_an_empty_room_can_be_cleared_away(alice, bob, room):
    """Alice opened it by mistake; it comes back when she opens it again, or when Bob writes."""
    ok(clear(alice, room))
    assert alice.client.rooms() == []
    assert ok(alice.client.open("bob"))["room_name"] == room
    assert len(alice.client.rooms()) == 1
    ok(clear(alice, room))
    said(bob, room, "hello")
    assert [entry["my"]["unread_count"] for entry in alice.client.rooms()] == [1]


def test_cleared_messages_do_not_come_back_through_catching_up(alice, bob, talk):
    """The floor is the same for pages, changes and sync."""
    ok(clear(bob, talk))
    said(alice, talk, "4")
    changes = bob.client.changes(talk)
    assert [frame["data"]["text"] for frame in changes["changes"]] == ["4"]
    assert (changes["rev"], changes["changes"][0]["prev"]) == (4, 0)
    known = {"rooms": {talk: {"rev": 0, "marks": 0}}, "me": 0, "epoch": changes["epoch"]}
    assert [frame["data"]["text"] for frame in bob.client.sync(**known)["rooms"][talk]["changes"]] == ["4"]


# Shared


def test_the_shared_part_is_everybodys(alice, bob, talk, published):
    room = ok(change(alice, talk, extra={"colour": "red"}))
    assert (room["extra"], room["rev"]) == ({"colour": "red"}, 4)
    assert bob.client.room(talk)["extra"] == {"colour": "red"}
    (frame,) = frames(published, talk)
    assert (frame["type"], frame["rev"], frame["prev"]) == ("room.updated", 4, 3)
    assert frame["data"] == {name: room[name] for name in frame["data"]}
    assert {"extra", "disappearing_seconds", "room_name"} <= frame["data"].keys()
    assert not {"my", "last_message"} & frame["data"].keys()  # nothing of the viewer's on a shared frame
    assert (bells(published, alice), bells(published, bob)) == ([], [])


def test_a_change_that_changes_nothing_takes_no_number(alice, talk, published):
    ok(change(alice, talk, extra={"a": 1}))
    assert ok(change(alice, talk, extra={"a": 1}))["rev"] == 4
    assert len(frames(published, talk)) == 1
    assert ok(change(alice, talk, extra={}))["rev"] == 5


def test_own_and_shared_in_one_call(alice, talk, published):
    room = ok(change(alice, talk, archived=True, extra={"a": 1}))
    assert (room["my"]["archived"], room["extra"]) == (True, {"a": 1})
    assert (len(frames(published, talk)), len(bells(published, alice))) == (1, 1)


def test_who_left_keeps_settings_but_shares_nothing(alice, bob, published):
    group = group_of(alice, bob)
    said(alice, group, "1")
    end_membership(room_id=room_called(group).pk, user=bob.user, state=Membership.State.LEFT)
    published.clear()
    assert refusal(change(bob, group, extra={"a": 1})) == (403, "not_a_member")
    assert frames(published, group) == []
    assert ok(change(bob, group, archived=True))["my"]["archived"] is True
    assert ok(clear(bob, group)) is None
    assert bob.client.messages(group) == []


# Races


@pytest.mark.django_db(transaction=True)
def test_settings_changed_at_once_on_two_devices(alice, bob, room):
    """No change undoes another of a different setting, and every number is one change."""
    said(alice, room, "1")
    start = bob.me
    settings = [{"archived": True}, {"pinned": True}, {"marked_unread": True}, {"muted_until": "2099-01-01T00:00:00Z"}]
    in_parallel(4, lambda n: ok(change(bob, room, **settings[n])))
    my = bob.client.room(room)["my"]
    assert (my["archived"], my["pinned_at"] is None, my["marked_unread"], my["muted_until"]) == (
        True,
        False,
        True,
        "2099-01-01T00:00:00.000Z",
    )
    assert bob.me == start + 4


@pytest.mark.django_db(transaction=True)
def test_clearing_while_messages_come_hides_none_of_the_new(alice, bob, room):
    """Whatever comes after the clear is seen: the floor never lies above what was there."""
    said(alice, room, *"12345")

    def act(n):
        return clear(bob, room).status_code if n == 5 else said(alice, room, f"{n}")[0].seq

    in_parallel(12, act)
    floor = membership_of(bob, room).first_visible_seq
    head = Message.objects.filter(room__name=room).count()
    assert 6 <= floor <= head + 1
    assert [message["seq"] for message in bob.client.messages(room, "?after=0")] == list(range(floor, head + 1))
    assert bob.client.room(room)["my"]["unread_count"] == head - floor + 1


def test_muted_until_then_and_no_longer(alice, bob, talk):
    soon = times.now() + dt.timedelta(hours=1)
    ok(change(bob, talk, muted_until=times.rfc3339(soon)))
    assert bob.client.sync()["badge"] == 0
    Membership.objects.filter(user=bob.user).update(muted_until=times.now() - dt.timedelta(seconds=1))
    assert bob.client.sync()["badge"] == 3
    assert room_between(alice, bob) == talk
