"""The list of one's rooms."""

import base64
import datetime as dt
import json

import pytest

from accounts.models import User
from chatapi import times
from conversations.actions.rooms import end_membership
from conversations.models import Membership, Message
from tests.conversations.conftest import BASE, many_rooms, queries
from tests.people import group_of, membership_of, ok, people, refusal, room_between, room_called, said

pytestmark = pytest.mark.django_db


def walk(client, path, link="next"):
    pages = []
    while path:
        page = ok(client.get(path))
        pages.append([room["room_name"] for room in page["results"]])
        path = page[link]
        assert len(pages) < 100
    return pages


def test_newest_activity_first_and_pinned_before_all(alice, bob, carol):
    with_bob, with_carol, notes = (room_between(alice, other) for other in (bob, carol, alice))
    for name in (with_bob, with_carol, notes):
        said(alice, name, "x")
    assert [room["room_name"] for room in alice.client.rooms()] == [notes, with_carol, with_bob]
    alice.client.patch(f"conversations/{with_bob}/", {"pinned": True})
    assert [room["room_name"] for room in alice.client.rooms()] == [with_bob, notes, with_carol]
    said(carol, with_carol, "y")
    assert [room["room_name"] for room in alice.client.rooms()] == [with_bob, with_carol, notes]


def test_a_room_has_the_same_shape_in_the_list_and_alone(alice, bob, room):
    said(bob, room, "hello")
    assert alice.client.rooms() == [alice.client.room(room)]


def test_filters(alice, bob, carol):
    direct, archived, group = room_between(alice, bob), room_between(alice, carol), group_of(alice, bob)
    for name in (direct, archived, group):
        said(alice, name, "x")
    alice.client.patch(f"conversations/{archived}/", {"archived": True})

    def names(query):
        return {room["room_name"] for room in alice.client.rooms(query)}

    assert names("") == {direct, archived, group}
    assert names("?kind=direct") == {direct, archived}
    assert names("?kind=group") == {group}
    assert names("?archived=true") == {archived}
    assert names("?archived=false") == {direct, group}
    assert names("?archived=false&kind=direct") == {direct}


def test_links_keep_the_filters(alice, bob):
    names = [*many_rooms(alice, 6)]
    direct = room_between(alice, bob)
    said(alice, direct, "x")
    pages = walk(alice.client, "conversations/?kind=group&archived=false&limit=2")
    assert [name for page in pages for name in page] == names[::-1]


@pytest.mark.parametrize(
    "arrangement",
    [
        {},
        {"activity": lambda n: BASE},
        {"activity": lambda n: BASE + dt.timedelta(milliseconds=500 * (n // 7))},
        {"pinned": lambda n: n % 3 == 0},
        {"pinned": lambda n: n % 3 == 0, "activity": lambda n: BASE},
        {"pinned": lambda n: True},
    ],
)
def test_twenty_five_rooms_forwards_and_backwards(alice, arrangement):
    """Each room exactly once, also where many have the same moment."""
    many_rooms(alice, 25, **arrangement)
    expected = [room["room_name"] for room in alice.client.rooms()]
    assert len(set(expected)) == 25
    pages = walk(alice.client, "conversations/?limit=4")
    assert [name for page in pages for name in page] == expected
    assert [len(page) for page in pages] == [4] * 6 + [1]
    path, last = "conversations/?limit=4", ""
    while path:
        last, path = path, ok(alice.client.get(path))["next"]
    back = walk(alice.client, last, "previous")
    assert back == pages[::-1]
    assert [name for page in back[::-1] for name in page] == expected


def test_first_and_last_page_have_no_neighbour(alice):
    many_rooms(alice, 4)
    only = ok(alice.client.get("conversations/?limit=4"))
    assert (only["next"], only["previous"]) == (None, None)
    first = ok(alice.client.get("conversations/?limit=2"))
    last = ok(alice.client.get(first["next"]))
    assert (first["previous"], last["next"]) == (None, None)
    assert ok(alice.client.get(last["previous"])) == first | {"previous": None}


def test_a_new_message_while_paging_loses_no_other_room(alice):
    names = many_rooms(alice, 10)
    first = ok(alice.client.get("conversations/?limit=4"))
    said(alice, names[0], "up")
    rest = [name for page in walk(alice.client, first["next"]) for name in page]
    assert rest == names[5:0:-1]


def cursor(*values):
    return base64.urlsafe_b64encode(json.dumps({"v": values}).encode()).decode().rstrip("=")


MOMENT, ROOM = "2026-01-01T00:00:00+00:00", "018f3c2a-b1c4-7d6c-9c1e-5f0a2b3c4d5e"


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "ü",
        "%F0%9F%91%8D",
        "e30",
        cursor(),
        cursor(True, MOMENT, ROOM),
        cursor(True, MOMENT, ROOM, False, 1),
        cursor(True, "yesterday", ROOM, False),
        cursor(True, "2026-01-01T00:00:00", ROOM, False),
        cursor(True, "0001-01-01T00:00:00+14:00", ROOM, False),
        cursor(True, "9999-12-31T23:59:59-14:00", ROOM, False),
        cursor(True, 1, ROOM, False),
        cursor(True, None, ROOM, False),
        cursor(True, MOMENT, "x", False),
        cursor(True, MOMENT, 5, False),
        cursor(True, MOMENT, None, False),
        cursor(True, [MOMENT], ROOM, False),
        cursor(float("nan"), MOMENT, ROOM, False),
        "A" * 300,
    ],
)
def test_cursors_nobody_gave_out(alice, room, text):
    """S82: a 400 with a name, never a 500."""
    assert refusal(alice.client.get(f"conversations/?cursor={text}")) == (400, "invalid_cursor")


@pytest.mark.parametrize("text", [cursor(True, MOMENT, ROOM, False), cursor(0, MOMENT, ROOM, 1)])
def test_a_cursor_is_no_secret(alice, bob, room, text):
    """A made-up place is only a place in one's own list."""
    assert bob.client.get(f"conversations/?cursor={text}").status_code == 200
    assert bob.client.rooms(f"?cursor={text}") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_input"),
        ("limit=201", "invalid_input"),
        ("limit=abc", "invalid_input"),
        ("kind=channel", "invalid_input"),
        ("archived=perhaps", "invalid_input"),
        ("cursor=" + "A" * 301, "invalid_input"),
        ("cursor=%00", "invalid_input"),
        ("user=bob", "unknown_field"),
        ("page=2", "unknown_field"),
    ],
)
def test_what_the_list_refuses(alice, query, code):
    assert refusal(alice.client.get(f"conversations/?{query}")) == (400, code)


def test_two_hundred_rooms_at_once(alice):
    many_rooms(alice, 201)
    assert len(alice.client.rooms("?limit=200")) == 200
    assert len(alice.client.rooms()) == 50


# Unread


def test_unread_is_counted_from_the_rows(alice, bob, carol):
    """I11: by others, above the mark, at or above the floor, neither deleted nor system."""
    group = group_of(alice, bob, carol)

    def unread(someone):
        return someone.client.room(group)["my"]["unread_count"]

    said(alice, group, "1", "2")
    said(bob, group, "3")
    assert (unread(alice), unread(bob), unread(carol)) == (1, 2, 3)
    ok(carol.client.mark("read", group, 1))
    assert unread(carol) == 2
    Message.objects.filter(room__name=group, seq=2).update(deleted_at=times.now())
    assert (unread(bob), unread(carol)) == (1, 1)
    Message.objects.filter(room__name=group, seq=3).update(kind=Message.Kind.SYSTEM)
    assert (unread(alice), unread(carol)) == (0, 0)
    said(alice, group, "4")
    Membership.objects.filter(user=bob.user).update(first_visible_seq=5)
    assert (unread(bob), unread(carol)) == (0, 1)


def test_the_badge_leaves_out_muted_and_archived_rooms(alice, bob, carol):
    with_bob, with_carol, group = room_between(alice, bob), room_between(alice, carol), group_of(alice, bob, carol)
    said(bob, with_bob, "1")
    said(carol, with_carol, "1", "2")
    said(carol, group, "1", "2", "3")

    def badge():
        return alice.client.sync()["badge"]

    assert badge() == 6
    alice.client.patch(f"conversations/{with_carol}/", {"archived": True})
    assert badge() == 4
    in_an_hour = times.rfc3339(times.now() + dt.timedelta(hours=1))
    alice.client.patch(f"conversations/{group}/", {"muted_until": in_an_hour})
    assert badge() == 1
    alice.client.patch(f"conversations/{group}/", {"muted_until": "2020-01-01T00:00:00Z"})
    assert badge() == 4
    ok(alice.client.mark("read", group, 2))
    assert badge() == 2
    assert badge() == sum(room["my"]["unread_count"] for room in alice.client.rooms("?archived=false"))


def test_nothing_of_after_leaving_is_counted(alice, bob):
    """S45: somebody who left is not told that talk goes on."""
    group = group_of(alice, bob)
    said(alice, group, "1", "2")
    membership = membership_of(bob, group)
    end_membership(room_id=membership.room_id, user=bob.user, state=Membership.State.REMOVED)
    said(alice, group, "3", "4")
    room = bob.client.room(group)
    assert (room["my"]["unread_count"], room["last_message"]) == (2, None)
    assert (room["my"]["can"]["send"], room["my"]["cannot_send_reason"]) == (False, "not_a_member")
    assert bob.client.rooms() == []
    assert bob.client.sync()["badge"] == 0


# Cost


def test_one_room_and_thirty_take_the_same_queries(alice, bob):
    """S79: constant number of queries."""
    said(bob, room_between(alice, bob), "x")
    one = queries(alice.client.rooms)
    for n, guest in enumerate(people(29)):
        name = room_between(guest, alice)
        said(guest, name, "x")
        if n % 3 == 0:
            ok(alice.client.mark("read", name, 1))
            ok(alice.client.patch(f"conversations/{name}/", {"pinned": True}))
    assert len(alice.client.rooms()) == 30
    assert queries(alice.client.rooms) == one <= 4


def test_a_room_of_sixty_takes_the_queries_of_a_room_of_two(alice, bob):
    """And as few rows: the others are summed up, not loaded."""
    small, large = group_of(alice, bob), group_of(alice, *people(59))
    assert alice.client.room(large)["members_count"] == 60
    few = queries(lambda: alice.client.room(small))
    assert queries(lambda: alice.client.room(large)) == few == 3
    listed = queries(alice.client.rooms)
    said(alice, large, "x")
    assert queries(alice.client.rooms) <= listed + 1 <= 4


def test_the_others_are_those_who_show_receipts(alice, bob, carol):
    """Whoever never said anything about receipts shows them; where nobody does, the frozen marks of all are shown."""
    group = group_of(alice, bob, carol)
    said(alice, group, "1", "2", "3")
    ok(bob.client.mark("read", group, 3))
    ok(carol.client.mark("read", group, 1))
    shown = {"delivered_seq": 3, "read_seq": 3}

    def hidden_by(*hiding):
        for someone in (bob, carol):
            privacy = {"read_receipts": False} if someone in hiding else {}
            User.objects.filter(pk=someone.user.pk).update(privacy=privacy)
        (listed,) = [room for room in alice.client.rooms() if room["room_name"] == group]
        assert listed["others"] == alice.client.room(group)["others"]
        return listed["others"]

    assert hidden_by() == {"delivered_seq": 1, "read_seq": 1}
    assert hidden_by(carol) == shown
    assert hidden_by(bob, carol) == {"delivered_seq": 1, "read_seq": 1}


def test_unread_counts_are_the_same_in_the_list_and_in_the_room(alice, bob, carol):
    group = group_of(alice, bob, carol)
    said(alice, group, "1", "2")
    said(bob, group, "own")
    said(carol, group, "4", "5")
    Message.objects.filter(room__name=group, seq=4).update(deleted_at=times.now())
    for seq, count in ((0, 3), (1, 2), (3, 1), (4, 1), (5, 0)):
        ok(bob.client.mark("read", group, seq))
        (listed,) = bob.client.rooms()
        assert listed["my"]["unread_count"] == bob.client.room(group)["my"]["unread_count"] == count
        assert bob.client.sync()["badge"] == count
    ok(bob.client.mark("read", group, 5))
    said(alice, group, "6")
    end_membership(room_id=room_called(group).pk, user=bob.user, state=Membership.State.LEFT)
    said(alice, group, "7")
    assert bob.client.room(group)["my"]["unread_count"] == 1
