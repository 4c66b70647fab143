"""Blocks: nothing passes between the two any more, in either direction, and the other one is not told (S47)."""

import json
import time
import uuid
from typing import Any

import pytest
from django.db import connection

from accounts.models import Block
from chatapi.limits import limits
from conversations.actions.messages import Draft, Sent, send_messages
from conversations.commands import Caller, Command, perform
from conversations.errors import CannotSend
from conversations.models import Message, RoomHead
from tests.contacts.conftest import bells, crowd, names, queries
from tests.people import (
    another_device,
    group_of,
    in_parallel,
    ok,
    person,
    refusal,
    room_between,
    room_called,
    said,
    without_request_id,
)

pytestmark = pytest.mark.django_db

CALLS: list[tuple[str, str, Any]] = [
    ("get", "blocks/", None),
    ("post", "blocks/", {"user": "bob"}),
    ("delete", "blocks/bob/", None),
]


def block(someone, user):
    return someone.client.post("blocks/", {"user": user})


@pytest.fixture
def talk(alice, mallory):
    """Alice's room with Mallory, in which both have written."""
    room = room_between(alice, mallory)
    said(mallory, room, "1", "2")
    said(alice, room, "3")
    return room


@pytest.fixture
def blocked(alice, mallory, talk, published):
    """The same after Alice has blocked Mallory."""
    ok(block(alice, "mallory"))
    published.clear()
    return talk


BOTH = pytest.mark.parametrize("who", ["alice", "mallory"])
"""The one who blocks, and the one who is blocked: it is the same for both."""


@pytest.fixture
def actor(who, alice, mallory):
    return {"alice": alice, "mallory": mallory}[who]


@BOTH
def test_neither_can_send(actor, blocked, published):
    before = RoomHead.objects.get().seq
    assert refusal(actor.client.send(blocked)) == (403, "cannot_send")
    (outcome,) = send_messages(drafts=[Draft(room_id=room_called(blocked).pk, sender=actor.user, text="hello")])
    assert isinstance(outcome, CannotSend)
    assert (RoomHead.objects.get().seq, published.events) == (before, [])


@BOTH
def test_both_keep_the_room_and_its_history(actor, blocked):
    room = actor.client.room(blocked)
    assert room["my"]["can"]["send"] is False
    assert room["my"]["cannot_send_reason"] == "cannot_send"
    assert [entry["room_name"] for entry in actor.client.rooms()] == [blocked]
    assert actor.client.rooms()[0] == room == actor.client.sync()["rooms"][blocked]["room"]
    assert [message["text"] for message in actor.client.messages(blocked)] == ["3", "2", "1"]
    assert actor.client.open("alice" if actor.name == "mallory" else "mallory").json()["room_name"] == blocked
    assert ok(actor.client.patch(f"conversations/{blocked}/", {"archived": True}))["my"]["archived"] is True


@BOTH
def test_typing_goes_nowhere_and_is_answered_as_ever(actor, blocked, published):
    caller = Caller(type("Speaker", (), {"user": actor.user})(), room_called(blocked))
    assert perform(caller, Command("typing", {"state": "typing"}, ref="1")).data == {}
    assert published.events == []


@BOTH
@pytest.mark.parametrize("kind", ["delivered", "read"])
def test_receipts_stop(actor, alice, mallory, blocked, published, kind):
    """One's own badge goes on; the other one sees nothing of it."""
    other = mallory if actor is alice else alice
    before = other.client.room(blocked)["others"], ok(other.client.get(f"conversations/{blocked}/receipts/"))
    ok(actor.client.mark(kind, blocked, 3))
    ok(actor.client.mark(kind, blocked, 3))
    assert (other.client.room(blocked)["others"], ok(other.client.get(f"conversations/{blocked}/receipts/"))) == before
    assert [event for event in published.events if event.marks] == []
    if kind == "read":
        assert actor.client.room(blocked)["my"]["unread_count"] == 0


@BOTH
def test_groups_are_not_affected(actor, alice, mallory, blocked, published):
    group = group_of(alice, mallory)
    assert actor.client.send(group).status_code == 201
    assert actor.client.room(group)["my"]["can"]["send"] is True
    other = mallory if actor is alice else alice
    ok(other.client.mark("read", group, 1))
    assert actor.client.room(group)["others"]["read_seq"] == 1
    published.clear()
    caller = Caller(type("Speaker", (), {"user": actor.user})(), room_called(group))
    perform(caller, Command("typing", {"state": "typing"}))
    assert [json.loads(event.text)["type"] for event in published.events] == ["typing.updated"]


@BOTH
def test_no_new_room_is_made(alice, mallory, actor):
    ok(block(alice, "mallory"))
    other = "mallory" if actor is alice else "alice"
    assert refusal(actor.client.open(other)) == (403, "cannot_send")
    assert alice.client.rooms() == mallory.client.rooms() == []


@BOTH
def test_others_are_not_affected(actor, bob, blocked):
    room = room_between(actor, bob)
    assert actor.client.send(room).status_code == bob.client.send(room).status_code == 201


def test_a_repeat_still_gets_its_message(alice, mallory, talk):
    body = {"client_id": str(uuid.uuid4()), "text": "before"}
    first = ok(mallory.client.send(talk, **body))
    ok(block(alice, "mallory"))
    again = mallory.client.send(talk, **body)
    assert (again.status_code, ok(again)["id"]) == (200, first["id"])
    assert refusal(mallory.client.send(talk, "other", client_id=body["client_id"])) == (409, "client_id_reused")


def test_a_batch_of_many_rooms_refuses_only_what_is_blocked(alice, bob, mallory, blocked):
    """Group commit: whoever shares a transaction with Mallory does not notice."""
    group, direct, notes = group_of(alice, mallory), room_between(alice, bob), room_between(alice, alice)
    rooms = [room_called(name).pk for name in (blocked, group, direct, notes)]
    outcomes = send_messages(drafts=[Draft(room_id=room, sender=alice.user, text="hello") for room in rooms])
    assert [type(outcome) for outcome in outcomes] == [CannotSend, Sent, Sent, Sent]


def test_a_batch_costs_what_it_costs_without_blocks(alice, mallory, bob, talk):
    rooms = [talk, room_between(alice, bob)]
    said(alice, rooms[1], "first")

    def send():
        send_messages(drafts=[Draft(room_id=room_called(n).pk, sender=alice.user, text="x") for n in rooms * 10])

    free = queries(send)
    ok(block(alice, "mallory"))
    assert queries(send) == free


def test_unblocking_opens_the_room_again(alice, mallory, blocked):
    assert alice.client.delete("blocks/mallory/").status_code == 204
    assert mallory.client.send(blocked).status_code == alice.client.send(blocked).status_code == 201
    assert mallory.client.room(blocked)["my"]["can"]["send"] is True
    ok(mallory.client.mark("read", blocked, 5))
    assert alice.client.room(blocked)["others"]["read_seq"] == 5


def test_each_of_two_blocks_counts(alice, mallory, blocked):
    ok(block(mallory, "alice"))
    ok(alice.client.delete("blocks/mallory/"))
    assert refusal(alice.client.send(blocked)) == (403, "cannot_send")
    ok(mallory.client.delete("blocks/alice/"))
    assert alice.client.send(blocked).status_code == 201


# The list


def test_alice_sees_whom_she_has_blocked_and_mallory_does_not(alice, mallory, talk, published):
    published.clear()
    answer = block(alice, "MALLORY")
    entry = ok(answer)
    assert answer.status_code == 201
    assert entry.keys() == {"user", "rev", "created_at", "deleted_at"}
    assert ok(alice.client.get("blocks/"))["results"] == [entry]
    again = block(alice, str(mallory.user.pk))
    assert (again.status_code, ok(again)) == (200, entry)
    assert ok(alice.client.get("users/mallory/"))["is_blocked"] is True
    assert ok(alice.client.get("users/?search=mall"))["results"][0]["is_blocked"] is True
    assert ok(mallory.client.get("users/alice/"))["is_blocked"] is False
    assert ok(mallory.client.get("blocks/"))["results"] == []
    assert (bells(published, mallory), len(bells(published, alice))) == ([], 1)


def test_mallory_is_told_nothing(alice, mallory, talk):
    """Not by a profile, a list, a number or sync: the same answers as before, but for what she may send."""

    def seen():
        answers = [
            ok(mallory.client.get(path)) for path in ("users/alice/", "users/?search=ali", "contacts/", "blocks/")
        ]
        room = mallory.client.room(talk)
        room["my"].pop("can"), room["my"].pop("cannot_send_reason")
        return [
            *answers,
            room,
            mallory.me,
            mallory.client.sync()["me"],
            mallory.client.changes(talk)["changes"][0]["rev"],
        ]

    before = seen()
    ok(block(alice, "mallory"))
    assert seen() == before


def test_mallory_cannot_take_the_block_back(alice, mallory, blocked):
    """S42."""
    for reference in ("mallory", "alice", str(Block.objects.get().pk), str(mallory.user.pk)):
        there = mallory.client.delete(f"blocks/{reference}/")
        assert refusal(there) == (404, "not_found")
        assert without_request_id(there) == without_request_id(mallory.client.delete(f"blocks/{uuid.uuid4()}/"))
    assert refusal(mallory.client.send(blocked)) == (403, "cannot_send")


def test_another_device_learns_of_it(alice, mallory):
    known = another_device(alice).client.sync()
    entry = ok(block(alice, "mallory"))
    ok(alice.client.delete("blocks/mallory/"))
    ok(alice.client.post("contacts/", {"user": "mallory"}))
    changes = alice.client.sync(epoch=known["epoch"], me=0)["me"]["changes"]
    assert [(frame["type"], frame["me"], frame["prev"]) for frame in changes] == [
        ("block.updated", 2, 0),
        ("contact.updated", 3, 2),
    ]
    assert (changes[0]["data"]["user"], changes[0]["data"]["deleted_at"] is None) == (entry["user"], False)


def test_two_thousand_blocks(alice, bob, talk):
    """S79."""
    few = queries(lambda: alice.client.get("blocks/")), queries(lambda: alice.client.send(talk))
    Block.objects.bulk_create(
        (Block(owner=alice.user, person=other, me_rev=n) for n, other in enumerate(crowd(2_000))), batch_size=500
    )
    assert (queries(lambda: alice.client.get("blocks/")), queries(lambda: alice.client.send(talk))) == few
    assert len(names(alice, "blocks/?limit=200")) == 2_000


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "invalid_input")),
        ({"user": None}, (400, "invalid_input")),
        ({"user": "alice"}, (400, "invalid_input")),
        ({"user": "x" * 65}, (400, "invalid_input")),
        ({"user": "bob", "reason": "x"}, (400, "unknown_field")),
        ({"user": "nobody"}, (404, "not_found")),
    ],
)
def test_who_cannot_be_blocked(alice, bob, body, expected):
    assert refusal(alice.client.post("blocks/", body)) == expected


def test_a_list_holds_so_many(alice, bob, monkeypatch):
    monkeypatch.setattr("accounts.actions.blocks.limits", lambda: type(limits())(blocks=0))
    assert refusal(block(alice, "bob")) == (409, "limit_reached")


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_nobody_gets_in(api, bob, method, path, body):
    assert refusal(getattr(api, method)(path, body)) == (401, "invalid_token")


# Races


@pytest.mark.django_db(transaction=True)
def test_nothing_is_stored_after_the_block(alice, mallory):
    """Both write as fast as they can while Alice blocks: her answer is the end of the room's numbers."""
    room = room_between(alice, mallory)
    said(mallory, room, "first")

    def act(n):
        if n != 20:
            return (alice, mallory)[n % 2].client.send(room, f"{n}").status_code
        time.sleep(0.05)
        ok(block(alice, "mallory"))
        return RoomHead.objects.get().seq

    answers = in_parallel(80, act, threads=8)
    last = answers.pop(20)
    stored = sorted(Message.objects.values_list("seq", flat=True))
    assert stored == list(range(1, last + 1))
    assert set(answers) <= {201, 403}
    assert answers.count(201) == last - 1


@pytest.mark.django_db(transaction=True)
def test_twenty_blocks_at_once_are_one(alice, mallory):
    answers = in_parallel(20, lambda _: block(alice, "mallory"))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert (Block.objects.count(), alice.me) == (1, 1)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL's plans")
def test_blocks_are_looked_up_by_index(alice, bob):
    """The lookup that every send into a direct room pays."""
    someone = person("someone")
    for owner in (alice, someone):
        rows = crowd(2_000, owner.name)
        Block.objects.bulk_create((Block(owner=owner.user, person=other) for other in rows), batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_block")
    assert "Seq Scan" not in Block.objects.filter(owner=alice.user, person=bob.user).explain()
