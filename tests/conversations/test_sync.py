"""One call that brings a device up to date (I9, I17)."""

import base64
import json

import pytest

from chatapi.cursors import encode_cursor
from conversations.actions.rooms import end_membership
from conversations.epoch import current_epoch, renew_epoch
from conversations.models import Membership, Message, RoomHead, RoomMarks
from tests.conversations.client import Copy, history_of
from tests.conversations.conftest import BASE, many_rooms, queries
from tests.people import (
    another_device,
    group_of,
    in_parallel,
    ok,
    people,
    refusal,
    room_between,
    room_called,
    said,
)

pytestmark = pytest.mark.django_db


class Device:
    """A device that keeps all rooms of its user with `sync/`, following every page."""

    def __init__(self, owner):
        self.owner = owner
        self.epoch, self.me, self.rooms = "", 0, {}
        self.profile, self.badge, self.shown = {}, 0, {}

    @property
    def known(self):
        return {
            "epoch": self.epoch,
            "me": self.me,
            "rooms": {name: held.numbers for name, held in self.rooms.items()},
        }

    def sync(self):
        """All pages; the names of the rooms that came, in order."""
        known, path, came = self.known, "sync/", []
        while path:
            answer = ok(self.owner.client.post(path, known if known["epoch"] else {}))
            came += answer["rooms"]
            self.take(answer)
            path = answer["next"]
        return came

    def take(self, answer):
        if answer["reset"]:
            self.rooms, self.me = {}, 0
        for name, entry in answer["rooms"].items():
            self.take_room(name, entry)
        for name, rev in answer["left"].items():
            self.rooms[name].rev = rev
        for frame in answer["me"]["changes"]:
            assert frame["prev"] <= self.me
            self.profile = frame["data"]
        self.epoch, self.me, self.badge = answer["epoch"], answer["me"]["rev"], answer["badge"]

    def take_room(self, name, entry):
        self.shown[name] = entry["room"]
        if entry["limited"]:
            held = self.rooms[name] = Copy(rev=entry["rev"], marks=entry["marks"])
            held.messages = history_of(self.owner.client, name)
        else:
            held = self.rooms[name]
            for frame in [*entry["changes"], *entry["receipts"]]:
                held.apply(frame)
            held.rev, held.marks = entry["rev"], entry["marks"]


@pytest.fixture
def device(alice):
    return Device(alice)


# A new device


def test_a_new_device_gets_its_rooms(alice, bob, carol):
    with_bob, group = room_between(alice, bob), group_of(alice, bob, carol)
    said(bob, with_bob, "1", "2")
    said(carol, group, "x")
    answer = alice.client.sync()
    assert list(answer["rooms"]) == [group, with_bob]  # newest activity first
    entry = answer["rooms"][with_bob]
    assert entry["room"] == alice.client.room(with_bob)
    assert (entry["rev"], entry["marks"], entry["changes"], entry["limited"]) == (2, 0, [], True)
    assert (answer["badge"], answer["joined"], answer["left"], answer["next"]) == (3, [], {}, None)
    assert (answer["reset"], answer["me"]) == (False, {"rev": alice.me, "changes": [], "complete": True})


def test_somebody_without_rooms(alice):
    answer = alice.client.sync()
    assert (answer["rooms"], answer["badge"], answer["me"]["rev"], answer["next"]) == ({}, 0, 0, None)


def walk(client, body):
    """The rooms of all pages, in order."""
    path, came = "sync/", []
    while path:
        answer = ok(client.post(path, body))
        came += answer["rooms"]
        path = answer["next"]
    return came


def test_a_hundred_and_twenty_rooms_come_in_two_pages(alice):
    names = many_rooms(alice, 120)
    first = alice.client.sync()
    assert list(first["rooms"]) == names[:19:-1]
    second = ok(alice.client.post(first["next"], {}))
    assert list(second["rooms"]) == names[19::-1]
    assert second["next"] is None


def test_rooms_with_one_moment_come_exactly_once(alice):
    names = many_rooms(alice, 230, activity=lambda n: BASE)
    assert sorted(walk(alice.client, {})) == sorted(names)


def test_a_room_that_moves_up_while_paging_is_not_lost(alice, bob):
    names = many_rooms(alice, 120)
    first = alice.client.sync()
    said(alice, names[0], "up")
    new = room_between(bob, alice)
    said(bob, new, "hello")
    second = ok(alice.client.post(first["next"], {}))
    assert list(second["rooms"]) == [new, names[0], *names[19:0:-1]]
    assert second["me"]["rev"] == first["me"]["rev"]  # what happened meanwhile is found by the next call


# A returning device


def test_only_what_changed_comes_back(alice, bob, carol, device):
    quiet, lively, read, shared, muted = (room_between(alice, guest) for guest in people(5))
    for name in (quiet, lively, read, shared, muted):
        said(alice, name, "1")
    device.sync()
    said(alice, lively, "2", "3")
    ok(alice.client.mark("read", read, 1))
    ok(alice.client.patch(f"conversations/{shared}/", {"extra": {"a": 1}}))
    ok(alice.client.patch(f"conversations/{muted}/", {"archived": True}))
    answer = alice.client.sync(**device.known)
    assert list(answer["rooms"]) == [lively, muted, shared, read]
    assert all(not entry["limited"] for entry in answer["rooms"].values())
    assert [(f["rev"], f["prev"]) for f in answer["rooms"][lively]["changes"]] == [(2, 1), (3, 2)]
    assert [f["type"] for f in answer["rooms"][shared]["changes"]] == ["room.updated"]
    assert [f["marks"] for f in answer["rooms"][read]["receipts"]] == [1]
    assert answer["rooms"][muted]["changes"] == []
    assert answer["rooms"][muted]["room"]["my"]["archived"] is True
    assert (answer["joined"], answer["left"]) == ([], {})
    assert set(device.sync()) == {lively, muted, shared, read}
    assert device.sync() == []


def test_twenty_changes_are_given_and_of_more_the_newest_twenty(alice, room, device):
    said(alice, room, "1")
    device.sync()
    said(alice, room, *(f"{n}" for n in range(20)))
    entry = alice.client.sync(**device.known)["rooms"][room]
    assert ([f["rev"] for f in entry["changes"]], entry["limited"]) == (list(range(2, 22)), False)
    said(alice, room, "one more")
    entry = alice.client.sync(**device.known)["rooms"][room]
    assert ([f["rev"] for f in entry["changes"]], entry["limited"]) == (list(range(3, 23)), True)
    assert entry["changes"][0]["prev"] == 2
    device.sync()
    assert device.rooms[room].messages == history_of(alice.client, room)


def test_a_room_that_is_new_in_the_list_is_told(alice, bob, carol, device):
    said(alice, room_between(alice, carol), "x")
    device.sync()
    new = room_between(bob, alice)
    said(bob, new, "hello")
    answer = alice.client.sync(**device.known)
    assert (list(answer["rooms"]), answer["joined"]) == ([new], [new])
    assert answer["rooms"][new]["limited"] is True
    device.sync()
    said(bob, new, "again")
    assert alice.client.sync(**device.known)["joined"] == []


def test_the_first_room_of_all_is_told_too(alice, bob, device):
    """A device that has synced is not a new one, though all its numbers are 0."""
    device.sync()
    assert device.known["me"] == 0
    new = room_between(bob, alice)
    said(bob, new, "hello")
    assert alice.client.sync(**device.known)["joined"] == [new]


def test_a_room_that_was_left_is_told_once(alice, bob, device):
    group, other = group_of(alice, bob), group_of(alice, bob)
    said(bob, group, "1")
    said(bob, other, "1")
    device.sync()
    end_membership(room_id=room_called(group).pk, user=alice.user, state=Membership.State.REMOVED)
    said(bob, group, "behind her back")
    answer = alice.client.sync(**device.known)
    assert (answer["left"], answer["rooms"]) == ({group: 2}, {})
    assert answer["badge"] == 1
    device.sync()
    assert alice.client.sync(**device.known)["left"] == {}
    assert "behind her back" not in json.dumps(answer)
    fresh = alice.client.sync()
    assert list(fresh["rooms"]) == [other]


def test_a_changed_profile_comes_with_me(alice, device):
    """Made on another device; also when it is the very first change of all."""
    device.sync()
    for name in ("Al", "Ally"):
        ok(another_device(alice).client.patch("accounts/me/", {"display_name": name}))
        (frame,) = alice.client.sync(**device.known)["me"]["changes"]
        assert (frame["type"], frame["me"], frame["data"]["display_name"]) == ("user.updated", alice.me, name)
        device.sync()
        assert device.profile == ok(alice.client.get("accounts/me/"))
        assert alice.client.sync(**device.known)["me"] == {"rev": alice.me, "changes": [], "complete": True}


@pytest.mark.parametrize("wrong", [{"epoch": "0123456789abcdef"}, {"me": 1_000}])
def test_numbers_of_another_history(alice, bob, room, device, wrong):
    said(alice, room, "1")
    device.sync()
    answer = alice.client.sync(**(device.known | wrong))
    assert (answer["reset"], list(answer["rooms"]), answer["me"]["rev"]) == (True, [room], alice.me)
    assert answer["rooms"][room]["limited"] is True
    assert answer["joined"] == []


def test_after_a_restore_everything_is_taken_anew(alice, bob, room, device):
    said(alice, room, "1", "2", "3")
    device.sync()
    RoomHead.objects.update(rev=1, seq=1)  # the backup was of an hour ago
    Message.objects.filter(seq__gt=1).delete()
    renew_epoch()
    assert device.sync() == [room]
    assert device.rooms[room].rev == 1
    assert device.rooms[room].messages == history_of(alice.client, room)


def test_a_reset_of_many_rooms_is_said_once(alice):
    """With the first page; on a later one it would make a client drop what it has just been given."""
    names = many_rooms(alice, 120)
    known = {"epoch": "0123456789abcdef", "me": 5, "rooms": {names[0]: {"rev": 1, "marks": 0}}}
    first = alice.client.sync(**known)
    second = ok(alice.client.post(first["next"], known))
    assert (first["reset"], second["reset"]) == (True, False)
    assert [*first["rooms"], *second["rooms"]] == names[::-1]
    assert all(entry["limited"] for entry in second["rooms"].values())


def test_an_epoch_that_ends_between_two_pages(alice):
    """What the first page gave is void; the second call gets a first page again."""
    names = many_rooms(alice, 120)
    first = alice.client.sync()
    renewed = renew_epoch()
    again = ok(alice.client.post(first["next"], {}))
    assert (again["reset"], again["epoch"], list(again["rooms"])) == (True, renewed, names[:19:-1])
    assert list(ok(alice.client.post(again["next"], {}))["rooms"]) == names[19::-1]


@pytest.mark.parametrize("ahead", [{"rev": 9, "marks": 0}, {"rev": 1, "marks": 9}])
def test_one_room_ahead_of_the_database(alice, bob, carol, room, device, ahead):
    """That room is taken anew; the others are not."""
    other = room_between(alice, carol)
    said(alice, room, "1")
    said(alice, other, "1")
    device.sync()
    answer = alice.client.sync(**(device.known | {"rooms": device.known["rooms"] | {room: ahead}}))
    assert (list(answer["rooms"]), answer["reset"]) == ([room], False)
    assert (answer["rooms"][room]["limited"], answer["rooms"][room]["rev"]) == (True, 1)


def test_a_membership_that_began_later_is_taken_anew(alice, bob, device):
    group = group_of(alice, bob)
    said(bob, group, "1", "2", "3")
    device.sync()
    device.rooms[group].rev = 1
    Membership.objects.filter(user=alice.user).update(joined_rev=2)
    entry = alice.client.sync(**device.known)["rooms"][group]
    assert (entry["limited"], entry["changes"]) == (True, [])


def test_rooms_of_others_are_passed_over(alice, mallory, bob, room):
    """S42: naming a room shows nothing of it."""
    said(alice, room, "secret")
    known = {"rooms": {room: {"rev": 0, "marks": 0}, "a" * 24: {"rev": 0, "marks": 0}}}
    answer = mallory.client.sync(**known)
    assert (answer["rooms"], answer["joined"], answer["left"]) == ({}, [], {})


# Bodies and cursors


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"me": -1}, "invalid_input"),
        ({"me": "x"}, "invalid_input"),
        ({"me": None}, "invalid_input"),
        ({"epoch": 5.5, "rooms": []}, "invalid_input"),
        ({"epoch": "x" * 65}, "invalid_input"),
        ({"epoch": None}, "invalid_input"),
        ({"rooms": None}, "invalid_input"),
        ({"rooms": {"short": {"rev": 1}}}, "invalid_input"),
        ({"rooms": {"a" * 24: 5}}, "invalid_input"),
        ({"rooms": {"a" * 24: {}}}, "invalid_input"),
        ({"rooms": {"a" * 24: {"rev": -1}}}, "invalid_input"),
        ({"rooms": {"a" * 24: {"rev": 1, "marks": None}}}, "invalid_input"),
        ({"rooms": {"a" * 24: {"rev": 1, "seq": 1}}}, "unknown_field"),
        ({"rooms": {f"{n:024}": {"rev": 1} for n in range(2_001)}}, "invalid_input"),
        ({"since": 1}, "unknown_field"),
    ],
)
def test_what_cannot_be_synced(alice, body, code):
    assert refusal(alice.client.post("sync/", body)) == (400, code)


def test_two_thousand_rooms_may_be_named(alice):
    assert alice.client.sync(rooms={f"{n:024}": {"rev": 1, "marks": 0} for n in range(2_000)})["rooms"] == {}


def cursor(*values):
    return base64.urlsafe_b64encode(json.dumps({"v": values}).encode()).decode().rstrip("=")


MOMENT = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "%00",
        "ü",
        cursor(),
        cursor(MOMENT, MOMENT, "a" * 24, 1),
        cursor("now", MOMENT, "a" * 24, 1, "e"),
        cursor("2026-01-01T00:00:00", MOMENT, "a" * 24, 1, "e"),
        cursor(MOMENT, "2026-01-01T00:00:00", "a" * 24, 1, "e"),
        cursor(MOMENT, "0001-01-01T00:00:00+14:00", "a" * 24, 1, "e"),
        cursor(MOMENT, MOMENT, "a" * 24, "x", "e"),
        cursor(MOMENT, MOMENT, "a" * 24, None, "e"),
        cursor(MOMENT, MOMENT, "a" * 24, [1], "e"),
        cursor(MOMENT, MOMENT, "a" * 24, float("inf"), "e"),
        cursor(1, 2, "a" * 24, 3, "e"),
    ],
)
def test_cursors_nobody_gave_out(alice, room, text):
    assert refusal(alice.client.post(f"sync/?cursor={text}", {})) == (400, "invalid_cursor")


# Cost


def test_three_changed_rooms_and_sixty_take_the_same_queries(alice):
    """S79: the number of queries does not depend on how many rooms changed."""
    names = many_rooms(alice, 60, messages=lambda n: 2)
    Membership.objects.update(marks=1, delivered_seq=2)
    RoomMarks.objects.update(marks=1)

    def known(changed):
        old, new = {"rev": 1, "marks": 0}, {"rev": 2, "marks": 1}
        return {"me": 0, "rooms": {name: old if n < changed else new for n, name in enumerate(names)}}

    few = queries(lambda: alice.client.sync(**known(3)))
    answer = alice.client.sync(**known(60))
    assert len(answer["rooms"]) == 60
    assert all(len(entry["changes"]) == len(entry["receipts"]) == 1 for entry in answer["rooms"].values())
    assert queries(lambda: alice.client.sync(**known(60))) == few <= 12


def test_a_long_absence_is_over_in_two_requests(alice, device):
    """20,000 messages behind in one room and 300 rooms changed: the first screen, at the price of a short absence."""
    names = many_rooms(alice, 301, messages=lambda n: 20_000 if n == 300 else 2)
    known = {"epoch": "", "me": 1, "rooms": {name: {"rev": 1, "marks": 0} for name in names}}
    small = known | {"rooms": dict(list(known["rooms"].items())[297:300])}
    Membership.objects.update(me_rev=0)
    type(alice.user.counter).objects.update(me=1)
    answer = {}
    cost = queries(lambda: answer.update(alice.client.sync(**known)))
    assert list(answer["rooms"])[:2] == [names[300], names[299]]
    busy = answer["rooms"][names[300]]
    assert (busy["limited"], len(busy["changes"]), busy["rev"]) == (True, 20, 20_000)
    assert (len(answer["rooms"]), answer["next"] is None) == (100, False)
    assert all(len(entry["changes"]) == 1 for name, entry in answer["rooms"].items() if name != names[300])
    page = alice.client.messages(names[300])
    assert [page[0]["seq"], page[-1]["seq"]] == [20_000, 19_951]
    assert cost <= queries(lambda: alice.client.sync(**small)) <= 12
    assert walk(alice.client, known) == names[::-1]


# Whatever happens


@pytest.mark.django_db(transaction=True)
def test_a_device_that_syncs_while_others_write_ends_with_everything(alice, bob, carol, device):
    """I1, I8: the numbers are read before the rows, so nothing falls between two calls."""
    rooms = [room_between(alice, bob), room_between(alice, carol), group_of(alice, bob, carol)]
    for name in rooms:
        said(alice, name, "0")
    device.sync()

    def act(n):
        if n == 0:
            return [device.sync() for _ in range(25)]
        someone, name = ((bob, rooms[0]), (carol, rooms[1]), (bob, rooms[2]))[n % 3]
        for step in range(8):
            (message,) = said(someone, name, f"{n}.{step}")
            ok(someone.client.mark("read", name, message.seq))
        return None

    in_parallel(7, act, threads=7)
    device.sync()
    assert device.sync() == []
    for name in rooms:
        assert device.rooms[name].messages == history_of(alice.client, name)
        assert device.shown[name] == alice.client.room(name)
    assert device.badge == sum(room["my"]["unread_count"] for room in alice.client.rooms()) == 48


def test_a_cleared_room_stays_cleared_on_every_device(alice, bob, room, device):
    said(bob, room, "1", "2")
    device.sync()
    ok(another_device(alice).client.delete(f"conversations/{room}/"))
    said(bob, room, "3")
    device.sync()
    assert device.shown[room]["my"]["first_visible_seq"] == 3
    assert device.shown[room]["my"]["unread_count"] == device.badge == 1


@pytest.mark.parametrize("me", [1.5e308, -5, 1e19, True, "1", None, 2**63])
def test_a_cursor_with_a_number_of_its_own_is_refused(alice, me):
    moment = "2026-01-01T00:00:00+00:00"
    cursor = encode_cursor([moment, moment, "", me, current_epoch()])
    answer = alice.client.post(f"sync/?cursor={cursor}", {})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
