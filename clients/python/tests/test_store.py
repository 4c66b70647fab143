"""The rules by which frames change what a device knows."""

import itertools
from typing import Any

import pytest

from chatclient.store import RoomStore

ME, BOB = "me", "bob"


def message(seq: int, rev: int = 0, text: str = "hello", sender: str = BOB, **changes: Any) -> dict[str, Any]:
    row = {"id": f"m{seq}", "seq": seq, "rev": rev or seq, "text": text, "sender": {"id": sender}}
    return row | {"kind": "text", "deleted_at": None} | changes


def frame(prev: int, rev: int, data: dict[str, Any] | None = None, kind: str = "message.created") -> dict[str, Any]:
    return {"type": kind, "rev": rev, "prev": prev, "data": data or message(rev)}


def receipt(user: str, marks: int, delivered: int, read: int) -> dict[str, Any]:
    data = {"user": {"id": user}, "delivered_seq": delivered, "read_seq": read}
    return {"type": "receipt.updated", "marks": marks, "data": data}


def room(seq: int, unread: int = 0, last_read: int = 0) -> dict[str, Any]:
    return {"seq": seq, "my": {"last_read_seq": last_read, "unread_count": unread, "first_visible_seq": 1}}


@pytest.fixture
def store() -> RoomStore:
    store = RoomStore("room", ME)
    store.begin(epoch="e", rev=0, marks=0)
    return store


def texts(store: RoomStore) -> list[str]:
    return [row["text"] for row in store.history]


def test_frames_in_order_move_the_cursor(store: RoomStore) -> None:
    assert store.apply(frame(0, 1))
    assert store.apply(frame(1, 2))
    assert (store.rev, len(store.history)) == (2, 2)


def test_a_duplicate_changes_nothing(store: RoomStore) -> None:
    store.apply(frame(0, 1))
    assert store.apply(frame(0, 1))
    assert (store.rev, len(store.history)) == (1, 1)


def test_a_replay_may_jump_over_numbers(store: RoomStore) -> None:
    assert store.apply(frame(0, 5, message(1, 5)))
    assert store.rev == 5


def test_a_gap_is_told_and_its_frames_wait(store: RoomStore) -> None:
    store.apply(frame(0, 1))
    assert not store.apply(frame(2, 3))
    assert not store.apply(frame(3, 4))
    assert store.rev == 1
    assert store.catch_up({"changes": [frame(1, 2)], "receipts": [], "rev": 2, "marks": 0})
    assert (store.rev, len(store.history)) == (4, 4)


def test_whatever_the_order_the_end_is_the_same() -> None:
    frames = [
        frame(0, 1),
        frame(1, 2),
        frame(2, 3, message(1, 3, "edited"), "message.updated"),
        frame(3, 4, message(4)),
    ]
    for order in itertools.permutations(frames):
        store = RoomStore("room", ME)
        store.begin(epoch="e", rev=0, marks=0)
        for one in order:
            store.apply(one)
        assert store.rev == 4
        assert texts(store) == ["edited", "hello", "hello"]


def test_the_higher_rev_wins_and_own_marks_stay(store: RoomStore) -> None:
    store.put(message(1, 3, "new", mine={"starred": True}))
    store.put(message(1, 1, "old"))
    store.put(message(1, 4, "newest"))
    assert texts(store) == ["newest"]
    assert store.history[0]["mine"] == {"starred": True}


def test_skip_moves_the_number_and_shows_nothing(store: RoomStore) -> None:
    assert store.apply({"type": "skip", "rev": 1, "prev": 0})
    assert (store.rev, store.history) == (1, [])


def test_receipts_never_go_back(store: RoomStore) -> None:
    store.apply(receipt(BOB, 2, 5, 4))
    store.apply(receipt(BOB, 1, 3, 1))
    assert store.ticks == {"delivered_seq": 5, "read_seq": 4}
    assert store.marks == 2


def test_own_receipts_of_another_device_move_the_read_mark_and_not_the_ticks(store: RoomStore) -> None:
    store.apply(receipt(ME, 1, 5, 5))
    assert store.read_mark == 5
    assert store.ticks == {"delivered_seq": 0, "read_seq": 0}


def test_unread_is_counted_where_all_messages_are_held(store: RoomStore) -> None:
    for seq, sender in enumerate([BOB, ME, BOB, BOB], start=1):
        store.put(message(seq, sender=sender))
    store.put(message(4, 9, deleted_at="2026-01-01T00:00:00.000Z"))
    assert store.unread_count == 2
    store.read_mark = 1
    assert store.unread_count == 1


def test_unread_goes_on_from_what_the_room_said_where_messages_are_missing(store: RoomStore) -> None:
    store.take_room(room(seq=100, unread=40, last_read=50))
    store.put(message(100))
    store.put(message(101))
    assert store.unread_count == 41


def test_a_heartbeat_tells_what_has_not_come(store: RoomStore) -> None:
    beat = {"rev": 0, "marks": 0, "epoch": "e"}
    assert not store.is_behind(beat)
    assert store.is_behind(beat | {"rev": 1})
    assert store.is_behind(beat | {"marks": 1})
    assert store.is_behind(beat | {"epoch": "another"})


def test_beginning_anew_forgets_the_other_history(store: RoomStore) -> None:
    store.apply(frame(0, 1))
    store.apply(receipt(BOB, 1, 1, 1))
    store.begin(epoch="another", rev=7, marks=3)
    assert (store.rev, store.marks, store.history, store.receipts) == (7, 3, [], {})


def test_a_receipt_beyond_a_gap_is_shown_and_does_not_hide_those_before_it(store: RoomStore) -> None:
    """On an inbox: live frames may overtake what a resume leads to."""
    assert store.apply(receipt(BOB, 1, 1, 1))
    assert not store.apply(receipt(BOB, 4, 9, 9))
    assert (store.marks, store.receipts[BOB]["read_seq"]) == (1, 9)
    store.catch_up({"changes": [], "rev": 0, "receipts": [receipt("carol", 3, 5, 5)], "marks": 3})
    assert (store.marks, store.receipts["carol"]["read_seq"]) == (4, 5)


def test_on_a_rooms_own_socket_receipts_may_jump(store: RoomStore) -> None:
    assert store.apply(receipt(BOB, 7, 1, 1), complete=True)
    assert store.marks == 7
