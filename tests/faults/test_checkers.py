"""Each checker on histories made by hand: one that is right, and the ways in which one can be wrong."""

from typing import Any

import pytest

from tests.faults.checkers import CHECKERS, Record, violations
from tests.faults.checkers.delivery import everybody_has_everything
from tests.faults.history import (
    Answered,
    Began,
    Complaint,
    Differs,
    Ended,
    Event,
    Got,
    Greeted,
    Healed,
    Heard,
    Invoked,
    Joined,
    Lost,
    Marked,
    Paged,
    ReadBack,
    Refused,
    Sample,
    Struck,
    Ticked,
)
from tests.faults.truth import Member, Row, Told, Truth


def joined(device: str = "phone", user: str = "bob", at: float = 0) -> Joined:
    return Joined(at, device, "room", user)


def invoked(number: int, at: float, **more: Any) -> Invoked:
    return Invoked(at, "laptop", "room", f"c{number}", "alice", f"room {number}", **more)


def answered(number: int, at: float, **other: Any) -> Answered:
    values: dict[str, Any] = {"client_id": f"c{number}", "id": f"m{number}", "seq": number, "text": f"room {number}"}
    return Answered(at, "laptop", "room", **{"sender": "alice"} | values | other)


def heard(number: int, at: float = 0, **other: Any) -> Heard:
    values: dict[str, Any] = {"rev": number, "id": f"m{number}", "seq": number, "text": f"room {number}"}
    values["prev"] = number - 1
    return Heard(at, "phone", other.pop("room", "room"), other.pop("connection", 1), **values | other)


def got(number: int, at: float) -> Got:
    return Got(at, "phone", "room", f"m{number}")


def row(number: int, **other: Any) -> Row:
    values: dict[str, Any] = {"id": f"m{number}", "seq": number, "client_id": f"c{number}", "text": f"room {number}"}
    values |= {"room": "room", "sender": "alice", "rev": number} | other
    return Row(**values)


def member(user: str, **other: Any) -> Member:
    values: dict[str, Any] = {"left_rev": None, "delivered_seq": 2, "last_read_seq": 2, "unread": 0}
    return Member("room", user, **values | other)


MEMBERS = [member("alice"), member("bob")]
GOOD: list[Event] = [
    joined(),
    Began(0, "phone", "room", 0),
    Greeted(0, "phone", "room", 1, 0),
    invoked(1, 1),
    answered(1, 2),
    heard(1, 2),
    got(1, 2),
    ReadBack(2, "laptop", "room", "c1", found=True),
    invoked(2, 3),
    heard(2, 3.5),
    got(2, 3.5),
    answered(2, 4),
    answered(2, 5),
    Marked(5, "phone", "room", "bob", "read", 2),
    Ticked(5, "phone", "room", 1, "bob", 2, 2),
    Lost(6, "phone", "room", 1006),
    Paged(0, "phone", "room"),
]


def truth(*rows: Row, members: list[Member] | None = None, **more: Any) -> Truth:
    return Truth(list(rows), MEMBERS if members is None else members, **more)


def test_a_good_history_breaks_nothing() -> None:
    told = [Told("room", "bob", 0, 2, "m2")]
    assert violations(Record(GOOD, truth(row(1), row(2), told=told, badges={"bob": 0}))) == {}


def test_a_send_that_nobody_knows_of_may_have_happened_or_not() -> None:
    maybe = invoked(3, 6)
    assert violations(Record([*GOOD, maybe], truth(row(1), row(2)))) == {}
    assert violations(Record([*GOOD, maybe, heard(3), got(3, 7)], truth(row(1), row(2), row(3)))) == {}


STORED = (row(1), row(2))
TWO = truth(*STORED)
BAD: dict[str, tuple[str, list[Event], Truth]] = {
    "answered and lost": ("I1", GOOD, truth(row(1))),
    "answered and changed": ("I1", GOOD, truth(row(1), row(2, text="room 3"))),
    "answered with another place": ("I1", GOOD, truth(row(1), row(2, seq=3))),
    "refused and stored": ("I2", [*GOOD, Refused(5, "laptop", "room", "c2", "alice", "no")], TWO),
    "stored and never sent": ("I2", GOOD, truth(*STORED, row(3))),
    "stored twice": ("I3", GOOD, truth(*STORED, row(3, client_id="c2", text="room 2"))),
    "a repeat was another message": ("I3", [*GOOD, answered(2, 6, id="m3", seq=3)], TWO),
    "a hole": ("I4", GOOD, truth(row(1), row(2, seq=3))),
    "a place taken twice": ("I4", GOOD, truth(row(1), row(2, seq=1))),
    "rev out of order": ("I4", GOOD, truth(row(1, rev=2), row(2, rev=1))),
    "a frame was skipped": ("I5", [Greeted(0, "phone", "room", 1, 0), heard(2)], TWO),
    "a step back": ("I5", [Greeted(0, "phone", "room", 1, 0), heard(1), heard(1)], TWO),
    "a step back on an inbox": ("I5", [heard(2, inbox=True), heard(1, inbox=True)], TWO),
    "a frame with other words": ("I5", [heard(1, text="room 7")], TWO),
    "a frame of nothing stored": ("I5", [heard(3)], TWO),
    "a later send came first": ("I6", [invoked(2, 1), answered(2, 2), invoked(1, 3), answered(1, 4)], TWO),
    "a row of sends was mixed up": (
        "I6",
        [invoked(2, 1, burst="b"), invoked(1, 1, burst="b"), answered(1, 2), answered(2, 2)],
        TWO,
    ),
    "not found at once": ("I7", [*GOOD, ReadBack(5, "laptop", "room", "c2", found=False)], TWO),
    "never got": ("I8", [joined(), got(1, 2)], TWO),
    "late": ("I8", [joined(), answered(1, 1), got(1, 90), got(2, 2)], TWO),
    "two pages": ("I9", [*GOOD, Paged(9, "phone", "room")], TWO),
    "two beginnings": ("I9", [Began(0, "phone", "room", 0), Began(9, "phone", "room", 1)], TWO),
    "told to begin anew": ("I9", [Greeted(9, "phone", "room", 2, 0, reset=True)], TWO),
    "another unread count": ("I11", GOOD, truth(*STORED, told=[Told("room", "bob", 1, 2, "m2")])),
    "another last message": ("I11", GOOD, truth(*STORED, told=[Told("room", "bob", 0, 2, "m1")])),
    "another badge": ("I11", GOOD, truth(*STORED, badges={"bob": 3})),
    "a mark that is gone": ("I11", GOOD, truth(*STORED, members=[member("bob", last_read_seq=1)])),
    "ticks go back": ("I11", [*GOOD, Ticked(6, "phone", "room", 1, "bob", 1, 1)], TWO),
    "heard after leaving": ("I12", GOOD, truth(*STORED, members=[member("bob", left_rev=1)])),
    "heard long after the logout": ("I12", [joined(), Ended(1, "phone", ""), heard(1, 40)], TWO),
    "heard by a stranger": ("I13", [joined(user="mallory"), heard(1)], TWO),
    "words of another room": ("I13", [joined(), heard(1, text="den 1")], truth(row(1, text="den 1"), row(2))),
    "files left open": ("I14", [Sample(0, "sockets", 50, 9, 1), Sample(9, "sockets", 90, 9, 1)], TWO),
    "a traceback": ("I15", [Complaint(1, "Traceback")], TWO),
    "closed for an error": ("I15", [Lost(1, "phone", "room", 1011)], TWO),
    "a device differs": ("I17", [Differs(9, "phone", "room", "unread 1 instead of 0")], TWO),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history_is_noticed(name: str) -> None:
    invariant, events, stored = BAD[name]
    assert CHECKERS[invariant](Record(events, stored))


def test_every_checker_has_a_bad_history() -> None:
    assert {invariant for invariant, _, _ in BAD.values()} == CHECKERS.keys()


def test_while_something_is_broken_nobody_is_late() -> None:
    away: list[Event] = [joined(), answered(1, 1), Struck(2, 1, "a cut"), Healed(88, 1), got(1, 90)]
    assert everybody_has_everything(Record(away, truth(row(1)))) == []


def test_a_resume_may_jump_and_so_may_an_inbox() -> None:
    events: list[Event] = [Greeted(0, "phone", "room", 1, 0), Greeted(3, "phone", "room", 2, 1)]
    assert violations(Record([joined(), got(1, 0), got(2, 0), *events, heard(2, connection=2)], TWO)).keys() == {"I2"}
    assert CHECKERS["I5"](Record([heard(1, inbox=True), heard(3, inbox=True)], truth(*STORED, row(3)))) == []


def test_what_lies_before_a_device_began_is_for_who_looks_at_it() -> None:
    events: list[Event] = [joined(), Began(0, "phone", "room", 1), got(2, 3)]
    assert everybody_has_everything(Record(events, TWO)) == []
