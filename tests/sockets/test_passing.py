"""Receipts, typing and heartbeats (docs/sockets.md)."""

import pytest

from tests.people import another_device, group_of, room_between, said
from tests.sockets.servers import HEARTBEAT


@pytest.fixture
def room(alice, bob):
    return room_between(alice, bob)


def test_receipts_reach_both(enter, alice, bob, room):
    said(alice, room, "one", "two", "three")
    mine, theirs = enter(alice, room), enter(bob, room)
    ack = theirs.ask("delivered", seq=2)
    assert (ack["type"], ack["data"]) == ("ack", {"delivered_seq": 2, "read_seq": 0})
    frame = mine.next("receipt.updated")
    assert frame.keys() == {"type", "room", "marks", "at", "data"}
    assert (frame["room"], frame["marks"]) == (room, 1)
    assert frame["data"] == {"user": bob.user.short(), "delivered_seq": 2, "read_seq": 0}
    theirs.ask("read", seq=3)
    frame = mine.next("receipt.updated")
    assert (frame["marks"], frame["data"]["delivered_seq"], frame["data"]["read_seq"]) == (2, 3, 3)
    assert [frame["marks"] for frame in theirs.of_type("receipt.updated")] in ([1], [1, 2])


def test_marks_go_to_the_head_and_never_back(enter, alice, bob, room):
    said(alice, room, "one", "two")
    mine, theirs = enter(alice, room), enter(bob, room)
    assert theirs.ask("read", seq=2**62)["data"]["read_seq"] == 2
    mine.next("receipt.updated")
    for seq in (1, 0, 2):
        assert theirs.ask("read", seq=seq)["data"] == {"delivered_seq": 2, "read_seq": 2}
    theirs.send_message("a sign")
    mine.next("message.created")
    assert len(mine.of_type("receipt.updated")) == 1


def test_receipts_over_rest_are_live_too(enter, server, alice, bob, room):
    said(alice, room, "one")
    mine = enter(alice, room)
    with server.rest(bob) as client:
        assert client.post(f"conversations/{room}/read/", json={"seq": 1}).is_success
    assert mine.next("receipt.updated")["data"]["read_seq"] == 1


def test_typing_is_told_to_the_others_only(enter, alice, bob, room):
    phone, tablet, theirs = enter(alice, room), enter(another_device(alice), room), enter(bob, room)
    for state in ("typing", "recording", "idle"):
        phone.say("typing", state=state)
        frame = theirs.next("typing.updated")
        assert frame["data"] == {"user": alice.user.short(), "state": state}
        assert "rev" not in frame
    theirs.send_message("a sign")
    for socket in (phone, tablet):
        socket.next("message.created")
        assert socket.of_type("typing.updated", "ack") == []


def test_typing_is_answered_where_asked(enter, alice, room):
    assert enter(alice, room).ask("typing", state="typing")["type"] == "ack"


@pytest.mark.parametrize("leave", ["close", "vanish"])
def test_who_is_gone_types_no_more(enter, alice, bob, room, leave):
    mine, theirs = enter(alice, room), enter(bob, room)
    mine.say("typing", state="typing")
    theirs.next("typing.updated")
    getattr(mine, leave)()
    assert theirs.next("typing.updated")["data"]["state"] == "idle"


def test_who_has_stopped_already_is_not_idle_once_more(enter, alice, bob, room):
    mine, theirs = enter(alice, room), enter(bob, room)
    mine.say("typing", state="typing")
    assert mine.ask("typing", state="idle")["type"] == "ack"
    mine.close()
    states = [frame["data"]["state"] for frame in theirs.drain(0.5) if frame["type"] == "typing.updated"]
    assert states == ["typing", "idle"]


def test_the_heartbeat_says_what_was_sent(enter, alice, bob, room):
    said(alice, room, "one", "two")
    socket = enter(bob, room)
    socket.ask("read", seq=1)
    epoch = socket.of_type("hello")[0]["data"]["epoch"]
    beats = [socket.next("heartbeat", timeout=HEARTBEAT + 1.5) for _ in range(2)]
    assert beats[0].keys() == {"type", "room", "rev", "marks", "at", "data"}
    assert [(beat["room"], beat["rev"], beat["marks"], beat["data"]) for beat in beats] == [
        (room, 2, 1, {"epoch": epoch})
    ] * 2


def test_what_no_event_told_comes_with_the_pulse(enter, silent, alice, bob, room):
    """A process that dies between commit and publish (F10, N2): the rows are the truth."""
    mine = enter(alice, room)
    said(bob, room, "one", "two")
    bob.client.mark("read", room, 1)
    created = [mine.next("message.created", timeout=HEARTBEAT + 2) for _ in range(2)]
    assert [(frame["prev"], frame["rev"], frame["data"]["text"]) for frame in created] == [(0, 1, "one"), (1, 2, "two")]
    if not mine.of_type("receipt.updated"):
        assert mine.next("receipt.updated", timeout=2)["data"]["read_seq"] == 1
    beat = mine.next("heartbeat", timeout=HEARTBEAT + 2)
    assert (beat["rev"], beat["marks"]) == (2, 1)


def test_a_lost_event_is_repaired_by_the_next(enter, server, silent, alice, bob, room):
    """A hole is noticed at once, and filled in order before what came after it."""
    mine = enter(alice, room)
    said(bob, room, "lost")
    enter(bob, room).send_message("told")
    frames = [mine.next("message.created", timeout=1) for _ in range(2)]
    assert [(frame["prev"], frame["rev"], frame["data"]["text"]) for frame in frames] == [
        (0, 1, "lost"),
        (1, 2, "told"),
    ]


def test_two_processes(enter, other_server, on_postgres, alice, bob, room):
    """With Redis between them: both directions, in order, at once."""
    mine, theirs = enter(alice, room), enter(bob, room, at=other_server)
    for turn in range(10):
        mine.send_message(f"{turn} from here")
        theirs.send_message(f"{turn} from there")
    for socket in (mine, theirs):
        while len(frames := socket.of_type("message.created")) < 20:
            socket.next("message.created", timeout=1)
        assert [frame["rev"] for frame in frames] == list(range(1, 21))
    mine.say("typing", state="typing")
    assert theirs.next("typing.updated", timeout=1)["data"]["state"] == "typing"


def test_two_processes_without_a_bus_meet_at_the_heartbeat(enter, other_server, alice, bob, room):
    mine, theirs = enter(alice, room), enter(bob, room, at=other_server)
    theirs.send_message("hello")
    assert mine.next("message.created", timeout=HEARTBEAT + 2)["data"]["text"] == "hello"


def test_a_restored_database_sends_everybody_back(enter, alice, bob, room):
    """Numbers below what was delivered: clients reconnect, learn the new epoch and take the room anew."""
    from conversations.models import Message, RoomHead

    socket = enter(alice, room)
    socket.send_message("one")
    socket.send_message("two")
    Message.objects.filter(seq=2).delete()
    RoomHead.objects.update(rev=1, seq=1)
    assert socket.code(timeout=HEARTBEAT + 2) == 1012


def test_a_group_of_many(enter, alice, bob, carol):
    room = group_of(alice, bob, carol)
    sockets = [enter(someone, room) for someone in (alice, bob, carol)]
    for socket in sockets:
        socket.send_message("hello")
    for socket in sockets:
        while len(frames := socket.of_type("message.created")) < 3:
            socket.next("message.created")
        assert [frame["data"]["sender"]["username"] for frame in frames] == ["alice", "bob", "carol"]
