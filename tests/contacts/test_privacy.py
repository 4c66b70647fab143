"""What a person lets others see and do: strangers, contacts, nobody (S47, S53)."""

import pytest

from accounts.models import User
from conversations.models import Room
from tests.contacts.conftest import bells, queries
from tests.people import another_device, group_of, in_parallel, membership_of, ok, person, refusal, room_between, said

pytestmark = pytest.mark.django_db

CHOICES = pytest.mark.parametrize(
    ("choice", "friend", "stranger"), [("everyone", True, True), ("contacts", True, False), ("nobody", False, False)]
)
"""What somebody whom Bob has saved may do, and what Mallory may."""


def choose(someone, **privacy):
    return someone.client.patch("accounts/me/", {"privacy": privacy})


@pytest.fixture
def friends(alice, bob):
    """Bob has saved Alice; she has not saved him, and Mallory has saved everybody."""
    ok(bob.client.post("contacts/", {"user": "alice"}))


def test_only_what_is_given_changes(alice, published):
    me = ok(choose(alice, about="nobody", read_receipts=False))
    assert me["privacy"] == {
        "last_seen": "everyone",
        "online": "everyone",
        "avatar": "everyone",
        "about": "nobody",
        "groups": "everyone",
        "messages": "everyone",
        "read_receipts": False,
    }
    assert ok(choose(alice, messages="contacts"))["privacy"] == me["privacy"] | {"messages": "contacts"}
    assert ok(alice.client.get("accounts/me/"))["privacy"] == me["privacy"] | {"messages": "contacts"}
    ok(choose(alice, messages="contacts"))
    ok(choose(alice))
    assert (alice.me, bells(published, alice)) == (2, [1, 2])


def test_another_device_learns_of_it(alice):
    known = another_device(alice).client.sync()
    ok(choose(alice, last_seen="nobody"))
    (frame,) = alice.client.sync(epoch=known["epoch"], me=0)["me"]["changes"]
    assert (frame["type"], frame["data"]["privacy"]["last_seen"]) == ("user.updated", "nobody")


@pytest.mark.parametrize(
    ("privacy", "code"),
    [
        ({"messages": "friends"}, "invalid_input"),
        ({"messages": None}, "invalid_input"),
        ({"messages": []}, "invalid_input"),
        ({"about": True}, "invalid_input"),
        ({"read_receipts": "nobody"}, "invalid_input"),
        ({"read_receipts": None}, "invalid_input"),
        ({"is_staff": True}, "unknown_field"),
        ("nobody", "invalid_input"),
        (None, "invalid_input"),
        ([], "invalid_input"),
    ],
)
def test_what_privacy_refuses(alice, privacy, code):
    assert refusal(alice.client.patch("accounts/me/", {"privacy": privacy})) == (400, code)
    assert ok(alice.client.get("accounts/me/"))["rev"] == 0


@pytest.mark.django_db(transaction=True)
def test_two_devices_change_different_choices_at_once(alice):
    names = ["last_seen", "online", "avatar", "about", "groups", "messages"]
    in_parallel(6, lambda n: ok(choose(alice, **{names[n]: "nobody"})))
    privacy = ok(alice.client.get("accounts/me/"))["privacy"]
    assert [privacy[name] for name in names] == ["nobody"] * 6


@pytest.mark.django_db(transaction=True)
def test_profile_contacts_and_blocks_changed_at_once(alice, bob):
    """The locks of all of them are taken in one order: the row, then the counter."""

    def act(n):
        if n % 3 == 0:
            return alice.client.patch("accounts/me/", {"about": f"{n}"}).status_code
        path = "contacts/" if n % 3 == 1 else "blocks/"
        ok(alice.client.post(path, {"user": "bob"}))
        return alice.client.delete(f"{path}bob/").status_code

    answers = in_parallel(30, act, threads=6)
    assert answers.count(200) == 10
    assert set(answers) <= {200, 204, 404}  # 404: another one has removed it in between


# Messages


@CHOICES
def test_who_may_write(alice, bob, mallory, friends, choice, friend, stranger):
    rooms = {"alice": room_between(alice, bob), "mallory": room_between(mallory, bob)}
    ok(choose(bob, messages=choice))
    for someone, allowed in ((alice, friend), (mallory, stranger)):
        room = rooms[someone.name]
        answer = someone.client.send(room)
        assert answer.status_code == 201 if allowed else refusal(answer) == (403, "cannot_send")
        my = someone.client.room(room)["my"]
        assert (my["can"]["send"], my["cannot_send_reason"]) == (allowed, None if allowed else "cannot_send")
        assert bob.client.send(room).status_code == 201  # who does not want to be written to may write


@CHOICES
def test_who_may_open_a_room(alice, bob, mallory, friends, choice, friend, stranger):
    ok(choose(bob, messages=choice))
    for someone, allowed in ((alice, friend), (mallory, stranger)):
        answer = someone.client.open("bob")
        assert answer.status_code == 201 if allowed else refusal(answer) == (403, "cannot_send")
    assert Room.objects.count() == friend + stranger
    assert bob.client.open("mallory").status_code == (200 if stranger else 201)


def test_mallory_becomes_no_contact_by_saving_bob(bob, mallory, friends):
    room = room_between(mallory, bob)
    ok(choose(bob, messages="contacts"))
    ok(mallory.client.post("contacts/", {"user": "bob"}))
    assert refusal(mallory.client.send(room)) == (403, "cannot_send")
    ok(bob.client.post("contacts/", {"user": "mallory"}))
    assert mallory.client.send(room).status_code == 201
    ok(bob.client.delete("contacts/mallory/"))
    assert refusal(mallory.client.send(room)) == (403, "cannot_send")


def test_a_block_and_privacy_look_the_same(bob, mallory):
    """Nobody can tell which one it is."""
    room = room_between(mallory, bob)

    def seen():
        body = mallory.client.send(room).json()
        my = mallory.client.room(room)["my"]
        return (
            {name: value for name, value in body.items() if name != "request_id"},
            my,
            mallory.client.get("users/bob/").json(),
        )

    ok(choose(bob, messages="nobody"))
    private = seen()
    ok(choose(bob, messages="everyone"))
    ok(bob.client.post("blocks/", {"user": "mallory"}))
    assert seen() == private


def test_nothing_is_sent_to_who_was_switched_off(alice, bob):
    room = room_between(alice, bob)
    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    assert refusal(alice.client.send(room)) == (403, "cannot_send")
    assert alice.client.room(room)["my"]["cannot_send_reason"] == "cannot_send"


def test_groups_and_notes_are_not_affected(bob, mallory):
    ok(choose(bob, messages="nobody"))
    assert mallory.client.send(group_of(mallory, bob)).status_code == 201
    assert bob.client.send(room_between(bob, bob)).status_code == 201


def test_the_choice_costs_no_statement(alice, bob):
    room = room_between(alice, bob)
    said(alice, room, "first")
    few = queries(lambda: ok(alice.client.send(room))), queries(lambda: alice.client.room(room))
    ok(bob.client.post("contacts/", {"user": "alice"}))
    ok(choose(bob, messages="contacts"))
    assert (queries(lambda: ok(alice.client.send(room))), queries(lambda: alice.client.room(room))) == few


# Being found and seen


@CHOICES
def test_who_is_found_by_address(alice, bob, mallory, friends, choice, friend, stranger):
    ok(choose(bob, messages=choice))
    for someone, allowed in ((alice, friend), (mallory, stranger)):
        assert len(ok(someone.client.get("users/?search=bob@example.org"))["results"]) == allowed
        assert len(ok(someone.client.post("contacts/import/", {"emails": ["bob@example.org"]}))["matches"]) == allowed
        assert len(ok(someone.client.get("users/?search=bob"))["results"]) == 1  # a username is public


@CHOICES
def test_who_sees_the_line_about_oneself(alice, bob, mallory, friends, choice, friend, stranger):
    ok(bob.client.patch("accounts/me/", {"about": "At the sea", "privacy": {"about": choice}}))
    for someone, allowed in ((alice, friend), (mallory, stranger)):
        shown = "At the sea" if allowed else ""
        assert ok(someone.client.get("users/bob/"))["about"] == shown
        assert ok(someone.client.get("users/?search=bob"))["results"][0]["about"] == shown
    assert ok(bob.client.get("accounts/me/"))["about"] == "At the sea"
    person("dave")
    assert ok(alice.client.get("users/dave/"))["about"] == ""


# Receipts


@pytest.mark.parametrize("hider", ["alice", "bob"])
def test_receipts_hide_both_ways(alice, bob, hider, published):
    """Whoever hides sees none either, in rows and frames alike; what was shown before stays."""
    room = room_between(alice, bob)
    said(alice, room, "1")
    said(bob, room, "2")
    ok(bob.client.mark("read", room, 1))
    ok(choose({"alice": alice, "bob": bob}[hider], read_receipts=False))
    said(alice, room, "3")
    said(bob, room, "4")
    published.clear()
    for someone in (alice, bob):
        ok(someone.client.mark("read", room, 4))
        assert someone.client.room(room)["my"]["unread_count"] == 0
    assert alice.client.room(room)["others"] == {"delivered_seq": 4, "read_seq": 1}
    assert bob.client.room(room)["others"] == {"delivered_seq": 4, "read_seq": 0}
    assert all('"read_seq":4' not in event.text for event in published.events)
    ok(choose({"alice": alice, "bob": bob}[hider], read_receipts=True))
    said(alice, room, "5")
    ok(bob.client.mark("read", room, 5))
    assert alice.client.room(room)["others"]["read_seq"] == 5


def test_many_rooms_are_marked_at_a_constant_price(alice):
    others = [person(f"friend{n}") for n in range(8)]
    rooms = [room_between(other, alice) for other in others]
    for other, room in zip(others, rooms, strict=True):
        said(other, room, "1")
    few = queries(lambda: alice.client.post("delivered/", {"rooms": dict.fromkeys(rooms[:2], 1)}))
    assert queries(lambda: alice.client.post("delivered/", {"rooms": dict.fromkeys(rooms[2:], 1)})) == few
    assert [membership_of(alice, room).delivered_seq for room in rooms] == [1] * 8
