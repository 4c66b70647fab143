"""Opening the one direct room of two people."""

import pytest

from conversations.models import Membership, Room, RoomHead, RoomMarks
from tests.conversations.conftest import bells, queries
from tests.people import in_parallel, ok, refusal, room_between, said, without_request_id

pytestmark = pytest.mark.django_db


def test_alice_opens_a_room_with_bob(alice, bob):
    answer = alice.client.open("bob")
    assert answer.status_code == 201
    room = answer.json()
    assert (room["kind"], room["title"], room["peer"]) == ("direct", "bob", bob.user.short())
    assert (room["seq"], room["rev"], room["marks"], room["last_message"]) == (0, 0, 0, None)
    assert (room["members_count"], room["group"]) == (2, None)
    assert (room["my"]["state"], room["my"]["unread_count"], room["my"]["can"]["send"]) == ("member", 0, True)
    assert room == alice.client.room(room["room_name"])


def test_opening_again_gives_the_same_room_to_both(alice, bob):
    room_name = ok(alice.client.open("bob"))["room_name"]
    for client, other in [
        (alice.client, "bob"),
        (alice.client, "BOB"),
        (alice.client, str(bob.user.pk)),
        (alice.client, str(bob.user.pk).upper()),
        (bob.client, "alice"),
        (bob.client, str(alice.user.pk)),
    ]:
        answer = client.open(other)
        assert (answer.status_code, answer.json()["room_name"]) == (200, room_name)
    assert Room.objects.count() == 1


def test_a_room_with_oneself_is_for_notes(alice):
    answer = alice.client.open("alice")
    assert answer.status_code == 201
    notes = answer.json()
    assert (notes["members_count"], notes["peer"], notes["title"]) == (1, alice.user.short(), "alice")
    ok(alice.client.send(notes["room_name"], "buy milk"))
    again = alice.client.open("alice")
    assert (again.status_code, again.json()["room_name"]) == (200, notes["room_name"])
    assert (again.json()["my"]["unread_count"], again.json()["others"]) == (0, {"delivered_seq": 1, "read_seq": 1})


def test_a_room_that_nobody_wrote_in_shows_only_to_who_opened_it(alice, bob, room):
    assert [entry["room_name"] for entry in alice.client.rooms()] == [room]
    assert bob.client.rooms() == []
    assert list(bob.client.sync()["rooms"]) == []
    assert bob.client.room(room)["room_name"] == room  # no secret, just nothing to show


def test_with_the_first_message_it_comes_into_both_lists(alice, bob, room, published):
    before = bob.client.sync()
    said(alice, room, "hello")
    assert [entry["room_name"] for entry in bob.client.rooms()] == [room]
    after = bob.client.sync(epoch=before["epoch"], me=before["me"]["rev"], rooms={})
    assert (after["joined"], list(after["rooms"])) == ([room], [room])
    assert after["me"]["rev"] == before["me"]["rev"] + 1 == bob.me
    assert bells(published, bob) == [bob.me]
    said(alice, room, "are you there?")
    assert bells(published, bob) == [bob.me]  # only the first one brings it into the list


def test_opened_by_both_it_shows_to_both(alice, bob, room):
    assert bob.client.open("alice").status_code == 200
    assert [entry["room_name"] for entry in bob.client.rooms()] == [room]
    number = bob.me
    assert bob.client.open("alice").status_code == 200
    assert bob.me == number


@pytest.mark.parametrize("reference", ["nobody", "018f3c2a-b1c4-7d6c-9c1e-5f0a2b3c4d5e", "al", "a b", "bob\u0301"])
def test_people_who_do_not_exist(alice, reference):
    answer = alice.client.open(reference)
    assert refusal(answer) == (404, "not_found")
    assert without_request_id(answer) == without_request_id(alice.client.open("zzzz"))


def test_somebody_switched_off_looks_like_nobody(alice, bob):
    """S42."""
    type(bob.user).objects.filter(pk=bob.user.pk).update(is_active=False)
    assert without_request_id(alice.client.open("bob")) == without_request_id(alice.client.open("nobody"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_input"),
        ({"user": None}, "invalid_input"),
        ({"user": ""}, "invalid_input"),
        ({"user": ["bob"]}, "invalid_input"),
        ({"user": {"id": "bob"}}, "invalid_input"),
        ({"user": True}, "invalid_input"),
        ({"user": "x" * 65}, "invalid_input"),
        ({"user": "bob", "kind": "group"}, "unknown_field"),
        ({"user": "bob", "room_name": "mine"}, "unknown_field"),
    ],
)
def test_what_cannot_be_opened(alice, bob, body, code):
    """S51."""
    assert refusal(alice.client.post("conversations/", body)) == (400, code)
    assert not Room.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twenty_openings_from_both_sides_make_one_room(alice, bob):
    """I3's kin: the pair's key decides, everybody gets the winner's room, and both had opened it."""
    answers = in_parallel(20, lambda n: alice.client.open("bob") if n % 2 else bob.client.open("alice"))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["room_name"] for answer in answers}) == 1
    assert (Room.objects.count(), RoomHead.objects.count(), RoomMarks.objects.count()) == (1, 1, 1)
    assert Membership.objects.count() == 2
    assert len(alice.client.rooms()) == len(bob.client.rooms()) == 1
    assert (alice.me, bob.me) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_notes_opened_twenty_times_at_once(alice):
    answers = in_parallel(20, lambda _: alice.client.open("alice"))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert Membership.objects.count() == 1


def test_opening_takes_few_queries(alice, bob):
    room_between(alice, bob)
    assert queries(lambda: alice.client.open("bob")) <= 8
