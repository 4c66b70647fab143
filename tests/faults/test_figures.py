"""What a run measured, on histories made by hand."""

from tests.faults.checkers import Record
from tests.faults.figures import catch_ups, delays_of, spread
from tests.faults.history import Answered, Event, Got, Greeted, Healed, Joined, Lost, Struck


def answered(number: int, at: float) -> Answered:
    return Answered(at, "laptop", "room", f"c{number}", "alice", f"m{number}", number, "hello")


def got(number: int, at: float) -> Got:
    return Got(at, "phone", "room", f"m{number}")


def test_a_delay_begins_with_the_store_or_with_the_end_of_a_fault() -> None:
    fault: list[Event] = [Struck(2, 1, "a stall"), answered(2, 3), Healed(8, 1)]
    record = Record([Joined(0, "phone", "room", "bob"), answered(1, 1), got(1, 1.25), *fault, got(2, 8.5)])
    assert delays_of(record) == [0.25, 0.5]
    assert catch_ups(record) == {1: [0.5]}


def test_whoever_was_cut_off_catches_up_until_the_connection_is_back_and_everything_is_there() -> None:
    cut: list[Event] = [Struck(2, 1, "a cut"), Healed(2, 1), Lost(2.1, "phone", "room", 0), answered(1, 2.5)]
    back: list[Event] = [Greeted(3, "phone", "room", 2, 1), got(1, 3.25)]
    assert catch_ups(Record([Joined(0, "phone", "room", "bob"), *cut, *back])) == {1: [1.25]}
    assert catch_ups(Record([Joined(0, "phone", "room", "bob"), *cut, Struck(2.9, 2, "another"), *back])) == {}


def test_of_two_faults_at_once_the_one_that_ends_later_counts() -> None:
    faults: list[Event] = [Struck(2, 1, "short"), Struck(2, 2, "long"), answered(1, 2.5), Healed(3, 1), Healed(9, 2)]
    assert catch_ups(Record([Joined(0, "phone", "room", "bob"), *faults, got(1, 9.5)])) == {2: [0.5]}


def test_a_spread() -> None:
    assert spread([]) == spread([0.0]).__class__(0, 0.0, 0.0, 0.0)
    ten = spread([float(number) for number in range(11)])
    assert (ten.number, ten.p50, ten.most) == (11, 5.0, 10.0)
