"""Ticks and badges: delivered and read."""

import pytest

from chatapi import ids
from conversations.actions.marks import mark_delivered, mark_read
from conversations.actions.rooms import end_membership
from conversations.models import Membership, Receipt, RoomMarks
from tests.conversations.conftest import bells, frames, many_rooms, queries
from tests.people import (
    another_device,
    group_of,
    in_parallel,
    membership_of,
    ok,
    people,
    refusal,
    room_between,
    room_called,
    said,
    without_request_id,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(alice, bob, room, published):
    """Five messages of Alice's, and nobody told of anything since."""
    said(alice, room, "1", "2", "3", "4", "5")
    published.clear()
    return room


def stored(someone, room_name):
    membership = membership_of(someone, room_name)
    return membership.delivered_seq, membership.last_read_seq, membership.read_seq


def hide_receipts(someone):
    someone.user.privacy["read_receipts"] = False
    someone.user.save(update_fields=["privacy"])


def marks_of(room_name):
    return RoomMarks.objects.get(room__name=room_name).marks


def test_delivered(alice, bob, talk, published):
    assert ok(bob.client.mark("delivered", talk, 3)) == {"delivered_seq": 3, "read_seq": 0}
    (frame,) = frames(published, talk)
    assert (frame["type"], frame["marks"], frame["data"]) == (
        "receipt.updated",
        1,
        {"user": bob.user.short(), "delivered_seq": 3, "read_seq": 0},
    )
    assert "rev" not in frame
    assert bells(published, bob) == []  # it is nobody's own change
    assert alice.client.room(talk)["others"] == {"delivered_seq": 3, "read_seq": 0}
    assert alice.client.room(talk)["rev"] == 5


def test_read_is_also_delivered(alice, bob, talk, published):
    assert ok(bob.client.mark("read", talk, 4)) == {"delivered_seq": 4, "read_seq": 4}
    (frame,) = frames(published, talk)
    assert (frame["data"]["delivered_seq"], frame["data"]["read_seq"]) == (4, 4)
    assert bells(published, bob) == [bob.me]
    assert bob.client.room(talk)["my"] | {"unread_count": 1, "last_read_seq": 4} == bob.client.room(talk)["my"]
    assert alice.client.room(talk)["others"] == {"delivered_seq": 4, "read_seq": 4}


@pytest.mark.parametrize("kind", ["delivered", "read"])
def test_marks_end_at_the_head_and_never_go_back(alice, bob, talk, published, kind):
    """I11."""
    assert ok(bob.client.mark(kind, talk, 4611686018427387904))["delivered_seq"] == 5
    number = marks_of(talk)
    for seq in (5, 3, 0):
        assert ok(bob.client.mark(kind, talk, seq))["delivered_seq"] == 5
    assert (marks_of(talk), len(frames(published, talk))) == (number, 1)


def test_what_does_not_move_takes_no_number(bob, talk, published):
    ok(bob.client.mark("read", talk, 5))
    mine, theirs = bob.me, marks_of(talk)
    published.clear()
    for kind in ("read", "delivered", "read"):
        ok(bob.client.mark(kind, talk, 5))
    assert (bob.me, marks_of(talk), published.events) == (mine, theirs, [])


def test_delivered_after_read_moves_nothing_back(bob, talk):
    ok(bob.client.mark("read", talk, 4))
    ok(bob.client.mark("delivered", talk, 2))
    assert stored(bob, talk) == (4, 4, 4)
    ok(bob.client.mark("delivered", talk, 5))
    assert stored(bob, talk) == (5, 4, 4)


def test_an_empty_room_has_nothing_to_read(alice, room):
    assert ok(alice.client.mark("read", room, 9)) == {"delivered_seq": 0, "read_seq": 0}
    assert not Receipt.objects.exists()


def test_whoever_hides_receipts_reads_unseen(alice, bob, talk, published):
    """The private mark moves, the public one stays; delivery shows all the same."""
    hide_receipts(bob)
    assert ok(bob.client.mark("read", talk, 3)) == {"delivered_seq": 3, "read_seq": 3}
    assert stored(bob, talk) == (3, 3, 0)
    assert bob.client.room(talk)["my"]["unread_count"] == 2
    (frame,) = frames(published, talk)
    assert (frame["data"]["delivered_seq"], frame["data"]["read_seq"]) == (3, 0)
    assert alice.client.room(talk)["others"]["read_seq"] == 0
    assert not Receipt.objects.filter(kind="read").exists()
    published.clear()
    ok(bob.client.mark("delivered", talk, 5))
    published.clear()
    number = marks_of(talk)
    ok(bob.client.mark("read", talk, 5))
    assert frames(published, talk) == []  # nothing that others could see
    assert (marks_of(talk), bells(published, bob)) == (number, [bob.me])


def test_the_setting_counts_as_it_is_stored(alice, bob, talk):
    """A socket holds its user for hours; the choice to hide receipts holds at once."""
    as_loaded_long_ago = type(bob.user).objects.get(pk=bob.user.pk)
    hide_receipts(bob)
    mark_read(user=as_loaded_long_ago, seqs={room_called(talk).pk: 5})
    assert stored(bob, talk) == (5, 5, 0)


def test_who_hides_receipts_does_not_hold_back_the_ticks_of_a_group(alice, bob, carol):
    """The lowest marks over the other members who show receipts."""
    group = group_of(alice, bob, carol)
    said(alice, group, "1", "2")
    hide_receipts(bob)
    ok(carol.client.mark("read", group, 2))
    assert alice.client.room(group)["others"] == {"delivered_seq": 2, "read_seq": 2}
    ok(bob.client.mark("read", group, 2))
    assert carol.client.room(group)["others"] == {"delivered_seq": 0, "read_seq": 0}


def test_a_group_is_as_far_as_its_slowest(alice, bob, carol):
    group = group_of(alice, bob, carol)
    said(alice, group, "1", "2", "3")
    ok(bob.client.mark("read", group, 3))
    ok(carol.client.mark("delivered", group, 2))
    assert alice.client.room(group)["others"] == {"delivered_seq": 2, "read_seq": 0}


def test_reading_clears_the_reminder(bob, talk, published):
    ok(bob.client.mark("read", talk, 5))
    ok(bob.client.patch(f"conversations/{talk}/", {"marked_unread": True}))
    published.clear()
    ok(bob.client.mark("read", talk, 5))
    assert bob.client.room(talk)["my"]["marked_unread"] is False
    assert (frames(published, talk), bells(published, bob)) == ([], [bob.me])


def test_reading_after_clearing_tells_that_it_arrived(alice, bob, talk):
    """Clearing moves the private mark; the public delivery still follows the device."""
    ok(bob.client.delete(f"conversations/{talk}/"))
    ok(bob.client.mark("read", talk, 5))
    assert stored(bob, talk)[0] == 5


def test_the_counter_of_receipts_has_no_holes(alice, bob, carol, published):
    group = group_of(alice, bob, carol)
    said(alice, group, *"123456789")
    for n in range(1, 10):
        ok((bob, carol)[n % 2].client.mark(("read", "delivered")[n % 3 == 0], group, n))
    assert [frame["marks"] for frame in frames(published, group) if "marks" in frame] == list(range(1, 10))
    assert marks_of(group) == 9


# When


def test_each_move_leaves_its_moment(alice, bob, talk):
    """What a message's info is read from."""
    ok(bob.client.mark("delivered", talk, 2))
    ok(bob.client.mark("delivered", talk, 2))
    ok(bob.client.mark("read", talk, 4))
    rows = Receipt.objects.filter(user=bob.user, room__name=talk).order_by("kind", "seq")
    assert list(rows.values_list("kind", "seq")) == [("delivered", 2), ("delivered", 4), ("read", 4)]
    at = {(row.kind, row.seq): row.at for row in rows}
    assert at["delivered", 2] <= at["delivered", 4] == at["read", 4]


def test_reading_what_was_delivered_keeps_the_moment_of_delivery(bob, talk):
    ok(bob.client.mark("delivered", talk, 3))
    before = Receipt.objects.get(kind="delivered").at
    ok(bob.client.mark("read", talk, 3))
    assert Receipt.objects.get(kind="delivered").at == before


# Several rooms


def test_delivered_in_several_rooms_at_once(alice, bob, carol, mallory, talk, published):
    other, foreign, left = room_between(carol, bob), room_between(alice, mallory), group_of(alice, bob)
    said(carol, other, "1", "2")
    said(mallory, foreign, "1")
    said(alice, left, "1")
    end_membership(room_id=room_called(left).pk, user=bob.user, state=Membership.State.LEFT)
    published.clear()
    given = {talk: 4, other: 9, foreign: 1, left: 1, ids.room_name(): 3}
    answer = bob.client.post("delivered/", {"rooms": given})
    assert (answer.status_code, answer.content) == (204, b"")
    assert (stored(bob, talk)[0], stored(bob, other)[0], stored(bob, left)[0]) == (4, 2, 0)
    assert stored(alice, foreign)[0] == 0
    assert sorted(frame["data"]["delivered_seq"] for name in (talk, other) for frame in frames(published, name)) == [
        2,
        4,
    ]
    assert len(published.events) == 2


def test_nothing_delivered_anywhere(bob, talk, published):
    assert bob.client.post("delivered/", {"rooms": {}}).status_code == 204
    assert published.events == []


def test_many_rooms_take_the_same_queries_as_few(alice, bob, talk):
    names = [room_between(guest, bob) for guest in people(30)]
    for name, membership in [(name, membership_of(bob, name)) for name in names]:
        said(bob, name, "x")
        assert membership.delivered_seq == 0
    few = queries(lambda: bob.client.post("delivered/", {"rooms": dict.fromkeys(names[:3], 1)}))
    many = queries(lambda: bob.client.post("delivered/", {"rooms": dict.fromkeys(names[3:], 1)}))
    assert few == many


def test_hundreds_of_rooms_are_all_delivered_a_hundred_at_a_time(alice, published):
    """No transaction holds more than a hundred rooms."""
    names = many_rooms(alice, 250)
    assert alice.client.post("delivered/", {"rooms": dict.fromkeys(names, 1)}).status_code == 204
    assert set(Membership.objects.values_list("delivered_seq", "marks")) == {(1, 1)}
    assert len(published.events) == 250


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_input"),
        ({"rooms": None}, "invalid_input"),
        ({"rooms": []}, "invalid_input"),
        ({"rooms": {"x": 1}}, "invalid_input"),
        ({"rooms": {"ü" * 24: 1}}, "invalid_input"),
        ({"rooms": {"a" * 65: 1}}, "invalid_input"),
        ({"rooms": {"": 1}}, "invalid_input"),
        ({"rooms": {"a" * 24: -1}}, "invalid_input"),
        ({"rooms": {"a" * 24: "x"}}, "invalid_input"),
        ({"rooms": {"a" * 24: None}}, "invalid_input"),
        ({"rooms": {"a" * 24: {}}}, "invalid_input"),
        ({"rooms": {f"{n:024}": 1 for n in range(2_001)}}, "invalid_input"),
        ({"rooms": {f"{n:024}": 1 for n in range(2_049)}}, "invalid_json"),
        ({"rooms": {}, "room": 1}, "unknown_field"),
    ],
)
def test_what_cannot_be_delivered(bob, body, code):
    assert refusal(bob.client.post("delivered/", body)) == (400, code)


@pytest.mark.parametrize("kind", ["delivered", "read"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_input"),
        ({"seq": None}, "invalid_input"),
        ({"seq": -1}, "invalid_input"),
        ({"seq": 1.5}, "invalid_input"),
        ({"seq": "x"}, "invalid_input"),
        ({"seq": True}, "invalid_input"),
        ({"seq": [1]}, "invalid_input"),
        ({"seq": 4611686018427387905}, "invalid_input"),
        ({"seq": 9999999999999999999}, "invalid_input"),
        ({"seq": 99999999999999999999}, "invalid_json"),
        ({"seq": 1, "user": "alice"}, "unknown_field"),
    ],
)
def test_what_is_not_a_mark(bob, talk, kind, body, code):
    assert refusal(bob.client.post(f"conversations/{talk}/{kind}/", body)) == (400, code)
    assert stored(bob, talk) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["delivered", "read"])
def test_who_left_marks_nothing(alice, bob, kind, published):
    group = group_of(alice, bob)
    said(alice, group, "1")
    end_membership(room_id=room_called(group).pk, user=bob.user, state=Membership.State.REMOVED)
    published.clear()
    assert refusal(bob.client.mark(kind, group, 1)) == (403, "not_a_member")
    assert (stored(bob, group), published.events) == ((0, 0, 0), [])


# Receipts of a room


def test_everybodys_marks(alice, bob, carol):
    group = group_of(alice, bob, carol)
    said(alice, group, "1", "2", "3")
    ok(bob.client.mark("read", group, 2))
    ok(carol.client.mark("delivered", group, 3))
    answer = ok(alice.client.get(f"conversations/{group}/receipts/"))
    assert answer["marks"] == 2
    assert {row["user"]["username"]: (row["delivered_seq"], row["read_seq"]) for row in answer["results"]} == {
        "alice": (0, 0),
        "bob": (2, 2),
        "carol": (3, 0),
    }
    end_membership(room_id=room_called(group).pk, user=bob.user, state=Membership.State.LEFT)
    assert len(ok(alice.client.get(f"conversations/{group}/receipts/"))["results"]) == 2
    assert refusal(bob.client.get(f"conversations/{group}/receipts/")) == (403, "not_a_member")


def test_receipts_take_the_same_queries_for_two_and_twenty(alice, bob):
    small, large = group_of(alice, bob), group_of(alice, bob, *people(18))
    few = queries(lambda: alice.client.get(f"conversations/{small}/receipts/"))
    assert queries(lambda: alice.client.get(f"conversations/{large}/receipts/")) == few <= 4


def test_the_outsider_meets_nothing(mallory, talk):
    for kind in ("delivered", "read"):
        there, absent = mallory.client.mark(kind, talk, 1), mallory.client.mark(kind, ids.room_name(), 1)
        assert refusal(there) == (404, "not_found")
        assert without_request_id(there) == without_request_id(absent)


# At once


@pytest.mark.django_db(transaction=True)
def test_two_devices_read_at_once(alice, bob, room, published):
    """I11: the highest wins, the counter stays dense, the frames never step back."""
    said(alice, room, *(f"{n}" for n in range(40)))
    devices = [bob, another_device(bob)]
    published.clear()
    answers = in_parallel(40, lambda n: devices[n % 2].client.mark("read", room, (n * 7) % 40 + 1))
    assert {answer.status_code for answer in answers} == {200}
    assert stored(bob, room) == (40, 40, 40)
    told = sorted(frames(published, room), key=lambda frame: frame["marks"])
    assert [frame["marks"] for frame in told] == list(range(1, marks_of(room) + 1))
    assert [frame["data"]["read_seq"] for frame in told] == sorted({frame["data"]["read_seq"] for frame in told})
    numbers = sorted(bells(published, bob))
    assert numbers == list(range(numbers[0], bob.me + 1))
    assert len(numbers) == len(told)  # no number without a change


@pytest.mark.django_db(transaction=True)
def test_the_same_read_twenty_times_at_once_is_one_change(alice, bob, room):
    said(alice, room, "1")
    before = bob.me
    in_parallel(20, lambda _: bob.client.mark("read", room, 1))
    assert (bob.me, marks_of(room), Receipt.objects.count()) == (before + 1, 1, 2)


@pytest.mark.django_db(transaction=True)
def test_marks_and_sends_do_not_wait_for_each_other_for_ever(alice, bob, carol):
    """Rooms, memberships, counters, in that order: whatever is done at once, nothing deadlocks."""
    rooms = [group_of(alice, bob, carol) for _ in range(3)]
    for name in rooms:
        said(alice, name, "1")
    room_ids = [room_called(name).pk for name in rooms]

    def act(n):
        someone = (alice, bob, carol)[n % 3]
        order = room_ids[:: 1 if n % 2 else -1]
        match n % 4:
            case 0:
                return len(mark_delivered(user=someone.user, seqs=dict.fromkeys(order, 1 + n)))
            case 1:
                return len(mark_read(user=someone.user, seqs=dict.fromkeys(order, 1 + n)))
            case 2:
                return ok(someone.client.patch(f"conversations/{rooms[n % 3]}/", {"archived": bool(n % 8)}))
            case _:
                return said(someone, rooms[n % 3], "x")

    assert len(in_parallel(60, act, threads=12)) == 60
