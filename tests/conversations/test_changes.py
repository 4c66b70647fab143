"""Exact catch-up in one room (I9, I17)."""

import copy
import random

import pytest

from chatapi import ids, times
from chatapi.transactions import write_transaction
from conversations.actions.rooms import end_membership
from conversations.epoch import renew_epoch
from conversations.locks import lock_heads
from conversations.models import Membership, Message
from tests.conversations.client import Copy, history_of
from tests.conversations.conftest import frames, queries
from tests.people import group_of, membership_of, ok, refusal, room_called, said, without_request_id

pytestmark = pytest.mark.django_db


def numbers(answer):
    return [(frame["rev"], frame["prev"]) for frame in answer["changes"]]


def edit(message):
    """What editing a message does to its row: a new `rev` under the room's lock."""
    with write_transaction():
        head = lock_heads([message.room_id])[message.room_id]
        head.rev += 1
        head.save(update_fields=["rev"])
        Message.objects.filter(pk=message.pk).update(
            rev=head.rev, text=f"{message.text}, edited", edited_at=times.now()
        )


def delete(message):
    edit(message)
    Message.objects.filter(pk=message.pk).update(text="", deleted_at=times.now())


def test_what_bob_missed(alice, bob, room):
    said(alice, room, "1", "2")
    ok(alice.client.patch(f"conversations/{room}/", {"extra": {"a": 1}}))
    said(alice, room, "3")
    ok(alice.client.mark("read", room, 3))
    answer = bob.client.changes(room, since=1)
    assert [(frame["type"], frame["rev"], frame["prev"]) for frame in answer["changes"]] == [
        ("message.created", 2, 1),
        ("room.updated", 3, 2),
        ("message.created", 4, 3),
    ]
    assert (answer["rev"], answer["marks"], answer["complete"]) == (4, 1, True)
    assert [(frame["type"], frame["marks"], frame["data"]["read_seq"]) for frame in answer["receipts"]] == [
        ("receipt.updated", 1, 3)
    ]


def test_changes_are_the_frames_of_the_socket(alice, bob, room, published):
    said(alice, room, "1")
    ok(bob.client.patch(f"conversations/{room}/", {"extra": {"a": 1}}))
    said(bob, room, "2")
    ok(alice.client.mark("delivered", room, 2))
    answer = bob.client.changes(room)

    def bare(frame):
        data = {name: value for name, value in frame["data"].items() if name != "mine"}
        return {**frame, "data": data, "at": None}

    assert [bare(frame) for frame in frames(published, room)] == [
        bare(frame) for frame in [*answer["changes"], *answer["receipts"]]
    ]


def test_nothing_missed(alice, bob, room):
    said(alice, room, "1")
    answer = bob.client.changes(room, since=1)
    assert (answer["changes"], answer["receipts"], answer["rev"], answer["complete"]) == ([], [], 1, True)


def test_a_row_comes_once_as_it_is_now(alice, bob, room):
    """Replay in `rev` order; `prev` is the frame before, so what was overwritten leaves no hole."""
    first, second, _ = said(alice, room, "1", "2", "3")
    edit(first)
    edit(second)
    edit(first)
    fresh = bob.client.changes(room)
    assert numbers(fresh) == [(3, 0), (5, 3), (6, 5)]
    assert [frame["type"] for frame in fresh["changes"]] == ["message.created"] * 3
    assert [frame["data"]["seq"] for frame in fresh["changes"]] == [3, 2, 1]
    later = bob.client.changes(room, since=2)
    assert [(frame["type"], frame["data"]["seq"]) for frame in later["changes"]] == [
        ("message.created", 3),
        ("message.updated", 2),
        ("message.updated", 1),
    ]


def test_a_deleted_message_is_a_tombstone(alice, bob, room):
    """Nothing that syncs is physically removed; its quotes go blank."""
    (first,) = said(alice, room, "a secret")
    ok(bob.client.send(room, "what?", reply_to=str(first.pk)))
    delete(first)
    answer = bob.client.changes(room, since=1)
    assert "a secret" not in str(answer)
    gone = answer["changes"][-1]
    assert (gone["type"], gone["data"]["text"], gone["data"]["deleted_at"] is None) == ("message.updated", "", False)


@pytest.mark.parametrize(
    ("since", "marks"),
    [(2, 0), (1, 1), (4611686018427387904, 0), (0, 4611686018427387904)],
)
def test_numbers_above_the_head_mean_start_anew(alice, bob, room, since, marks):
    """They are of a history that this database does not know."""
    said(alice, room, "1")
    answer = bob.client.changes(room, since=since, marks=marks)
    assert answer["reset"] is True
    assert set(answer) == {"epoch", "reset"}


def test_another_epoch_means_start_anew(alice, bob, room):
    said(alice, room, "1")
    epoch = bob.client.changes(room)["epoch"]
    assert "reset" not in bob.client.changes(room, epoch=epoch)
    assert "reset" not in bob.client.changes(room, epoch="")
    assert bob.client.changes(room, epoch="0123456789abcdef") == {"epoch": epoch, "reset": True}
    renewed = renew_epoch()
    assert renewed != epoch
    assert bob.client.changes(room, epoch=epoch) == {"epoch": renewed, "reset": True}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_input"),
        ("marks=1", "invalid_input"),
        ("since=", "invalid_input"),
        ("since=-1", "invalid_input"),
        ("since=abc", "invalid_input"),
        ("since=1&marks=x", "invalid_input"),
        ("since=9999999999999999999", "invalid_input"),
        ("since=0&epoch=" + "x" * 65, "invalid_input"),
        ("since=0&limit=5", "unknown_field"),
    ],
)
def test_what_is_not_a_place(bob, room, query, code):
    assert refusal(bob.client.get(f"conversations/{room}/changes/?{query}")) == (400, code)


def test_the_outsider_meets_nothing(mallory, room):
    there = mallory.client.get(f"conversations/{room}/changes/?since=0")
    absent = mallory.client.get(f"conversations/{ids.room_name()}/changes/?since=0")
    assert refusal(there) == (404, "not_found")
    assert without_request_id(there) == without_request_id(absent)


def test_who_left_gets_everything_up_to_the_leaving(alice, bob, carol):
    """S45: the leaving itself is the last thing."""
    group = group_of(alice, bob, carol)
    said(alice, group, "1", "2")
    end_membership(room_id=room_called(group).pk, user=bob.user, state=Membership.State.REMOVED)
    said(alice, group, "3")
    ok(alice.client.patch(f"conversations/{group}/", {"extra": {"secret": 1}}))
    ok(carol.client.mark("read", group, 3))
    answer = bob.client.changes(group)
    assert [frame["type"] for frame in answer["changes"]] == ["message.created", "message.created", "member.left"]
    assert (answer["rev"], answer["receipts"], answer["complete"]) == (3, [], True)
    assert bob.client.changes(group, since=3)["changes"] == []
    assert bob.client.changes(group, since=4)["changes"] == []
    assert "secret" not in str(answer)
    (left,) = [frame for frame in carol.client.changes(group)["changes"] if frame["type"] == "member.left"]
    assert left["data"] == {"user": bob.user.short(), "state": "removed", "role": "member"}


def test_a_membership_that_began_later_starts_anew(alice, bob):
    """Whoever knows less than the beginning of the membership takes the room as it is."""
    group = group_of(alice, bob)
    said(alice, group, "1", "2", "3")
    Membership.objects.filter(user=bob.user).update(joined_rev=2)
    assert bob.client.changes(group, since=1)["reset"] is True
    assert numbers(bob.client.changes(group, since=2)) == [(3, 2)]


def test_more_than_a_thousand_come_in_parts(alice, bob, room):
    """`complete` is false, and asking on from `rev` gets the rest, without a hole and without a double."""
    for start in range(0, 1_100, 275):
        said(alice, room, *(f"{n}" for n in range(start, start + 275)))
    ok(alice.client.mark("read", room, 5))
    first = bob.client.changes(room)
    assert (len(first["changes"]), first["rev"], first["complete"]) == (1_000, 1_000, False)
    rest = bob.client.changes(room, since=first["rev"], marks=first["marks"])
    assert (len(rest["changes"]), rest["rev"], rest["complete"]) == (100, 1_100, True)
    assert numbers(first) + numbers(rest) == [(n, n - 1) for n in range(1, 1_101)]
    exactly = bob.client.changes(room, since=100)
    assert (len(exactly["changes"]), exactly["complete"]) == (1_000, True)
    device = Copy()
    device.catch_up(bob.client, room)
    assert device.messages == history_of(bob.client, room)


def test_catching_up_takes_the_same_queries_however_much_it_is(alice, bob, room):
    said(alice, room, "1")
    few = queries(lambda: bob.client.changes(room))
    said(alice, room, *(f"{n}" for n in range(200)))
    for someone in (alice, bob):
        ok(someone.client.mark("read", room, 100))
    assert queries(lambda: bob.client.changes(room)) <= few + 1 <= 7  # and one for receipts


# Whatever happens: replay equals a fresh look


def act(chance, group, members):
    """One random thing that somebody does; members may have left."""
    someone = chance.choice(members)
    client, head = someone.client, Message.objects.filter(room__name=group).count()
    match chance.randrange(10):
        case 0 | 1 | 2 | 3:
            quoted = Message.objects.filter(room__name=group).order_by("?").first() if chance.random() < 0.3 else None
            client.send(group, f"{chance.random()}", **({"reply_to": str(quoted.pk)} if quoted else {}))
        case 4:
            client.mark("read", group, chance.randint(0, head + 1))
        case 5:
            client.mark("delivered", group, chance.randint(0, head + 1))
        case 6:
            client.patch(
                f"conversations/{group}/", {"archived": chance.random() < 0.5, "pinned": chance.random() < 0.5}
            )
        case 7:
            client.patch(f"conversations/{group}/", {"extra": {"n": chance.randrange(5)}})
        case 8 if head:
            chosen = Message.objects.filter(room__name=group).order_by("seq")[chance.randrange(head)]
            chance.choice([edit, delete])(chosen)
        case 9 if chance.random() < 0.25:
            client.delete(f"conversations/{group}/")


@pytest.mark.parametrize("seed", range(3))
def test_replay_from_anywhere_equals_a_fresh_look(alice, bob, carol, seed):
    """I17, as Zulip checks it: a device that was away since any moment ends with what the server shows."""
    chance = random.Random(seed)
    group = group_of(alice, bob, carol)
    devices = {someone.name: [Copy()] for someone in (alice, bob)}
    for step in range(45):
        act(chance, group, [alice, bob, carol] if step < 30 else [alice, bob])
        if step == 30:
            end_membership(room_id=room_called(group).pk, user=carol.user, state=Membership.State.LEFT)
        if step % 11 == 5:
            for someone in (alice, bob):
                device = copy.deepcopy(devices[someone.name][-1])
                device.catch_up(someone.client, group)
                devices[someone.name].append(device)
    for someone in (alice, bob):
        room, history = someone.client.room(group), history_of(someone.client, group)
        fresh = Copy()
        fresh.catch_up(someone.client, group)
        floor = room["my"]["first_visible_seq"]
        for device in devices[someone.name]:
            device.catch_up(someone.client, group)
            visible = {pk: message for pk, message in device.messages.items() if message["seq"] >= floor}
            assert visible == with_present_quotes(history, visible)
            assert device.numbers == {"rev": room["rev"], "marks": room["marks"]}
            assert device.shared in ({}, fresh.shared)
            assert device.receipts == fresh.receipts
            assert device.members == fresh.members
        assert fresh.messages == history
        for row in ok(someone.client.get(f"conversations/{group}/receipts/"))["results"]:
            assert fresh.receipts.get(row["user"]["id"], row | {"delivered_seq": 0, "read_seq": 0}) == row
        assert fresh.members[str(carol.user.pk)]["state"] == "left"


def with_present_quotes(history, held):
    """A quote is a picture of its time: a device that took it before an edit draws it from the quoted message."""
    return {pk: message | {"reply_to": held[pk]["reply_to"]} for pk, message in history.items()}


def test_the_floor_holds_in_every_order(alice, bob, room):
    for n in range(6):
        said(alice, room, f"{n}")
        if n == 3:
            ok(bob.client.delete(f"conversations/{room}/"))
    device = Copy()
    device.catch_up(bob.client, room)
    assert sorted(message["seq"] for message in device.messages.values()) == [5, 6]
    assert device.messages == history_of(bob.client, room)
    assert membership_of(bob, room).first_visible_seq == 5
