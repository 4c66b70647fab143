"""Too much of anything harms only who does it (F5, F11, F15, F18, F19, S75, S76, N7, N8; I14)."""

import contextlib
import json
import threading
import time

import pytest
from django.db import transaction

from chatapi.limits import limits
from conversations.models import Room, RoomHead
from tests.people import another_device, room_between, room_called, said
from tests.sockets.client import BareSocket, masked

MIB = 2**20


@pytest.fixture
def room(alice, bob):
    return room_between(alice, bob)


PING = json.dumps({"type": "ping"})


def test_above_the_burst_frames_are_refused_with_a_time(enter, alice, room):
    socket = enter(alice, room)
    number = limits().frames_burst + 100
    for _ in range(number):
        socket.raw(PING)
    answers = [socket.next("ack", "error") for _ in range(number)]
    acked = [answer for answer in answers if answer["type"] == "ack"]
    assert limits().frames_burst <= len(acked) < number
    error = next(answer["error"] for answer in answers if answer["type"] == "error")
    assert (error["code"], error["status"], error["retry"]) == ("rate_limited", 429, "after")
    assert 0 < error["retry_after_ms"] <= 1_000
    time.sleep(error["retry_after_ms"] / 1000 + 0.2)
    assert socket.ask("ping")["type"] == "ack"


def test_a_flood_is_closed_at_once_and_leaves_nothing(bare, enter, server, alice, bob, room):
    """F19: 100,000 frames."""
    theirs = enter(bob, room)
    before = server.memory
    flooder = bare(alice, room)
    flood = masked(PING) * 100_000
    started = time.monotonic()
    threading.Thread(target=write_all, args=(flooder, flood), daemon=True).start()
    assert flooder.code() in (4429, None)  # daphne may end the connection before the close is read
    assert time.monotonic() - started < 5
    theirs.send_message("still here")
    assert within(10, lambda: server.memory - before < 48 * MIB), (server.memory - before) // MIB
    assert within(5, lambda: server.state()["sockets"] == 1)


def write_all(socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        socket.peer.sendall(data)


def within(seconds: float, condition) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_large_frames_of_some_hold_up_no_other(bare, enter, alice, mallory, room):
    """S75: a frame counts by its bytes too, and reading it is cheap."""
    mine, hers = enter(alice, room), room_between(mallory, alice)
    attackers = [bare(mallory, hers) for _ in range(8)]
    large = masked(json.dumps({"type": "ping", "data": {"x": "y" * (MIB - 100)}})) * 40
    threads = [threading.Thread(target=write_all, args=(attacker, large), daemon=True) for attacker in attackers]
    for thread in threads:
        thread.start()
    slowest, end = 0.0, time.monotonic() + 3
    while time.monotonic() < end:
        started = time.monotonic()
        mine.ask("ping")
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(0.1)
    assert slowest < 1.5, slowest
    assert {attacker.code() for attacker in attackers} <= {4429, None}


LONG = "x" * 4_000


def test_a_socket_that_does_not_read_is_cut_off(bare, enter, server, alice, bob, room):
    """F18, N7: bounded by the bytes that the transport has not taken, also when it goes on asking."""
    theirs, sloth = enter(bob, room), bare(alice, room, receive_buffer=4_096)
    said(bob, room, *[LONG] * 200)
    before = server.memory
    changes = masked(json.dumps({"type": "changes", "data": {"since": 0}}))
    for _ in range(40):  # 800 kB each; the kernel takes some megabytes for a peer on the same machine
        with contextlib.suppress(OSError):
            sloth.peer.sendall(changes)
        theirs.ask("ping")
        if server.state()["sockets"] == 1:
            break
    assert within(15, lambda: server.state()["sockets"] == 1)
    assert server.memory - before < 64 * MIB
    assert sloth.code() in (4408, None)
    theirs.send_message("still here")


def test_a_socket_that_never_reads_what_others_write(bare, enter, server, silent, alice, bob, room):
    """F18: without a word of its own, in a room where much happens at once; a member who reads is left alone."""
    theirs, sloth = enter(bob, room), bare(alice, room, receive_buffer=4_096)
    for _ in range(4):
        said(bob, room, *[LONG] * 700)
        for _ in range(700):
            theirs.next("message.created", timeout=10)
        if server.state()["sockets"] == 1:
            break
    assert within(5, lambda: server.state()["sockets"] == 1)
    assert sloth.code() in (4408, None)
    theirs.send_message("still here")


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_a_socket_that_never_reads_its_pongs(running, db, kind, alice, bob, room):
    """S76: nobody pushes anything but heartbeats, and no application sees a ping; where the rate allows them."""
    one = running(kind, LIMIT_FRAMES_BURST="1000000").wait_until_ready()
    path = f"/ws/chat/{room}/?Authorization={alice.tokens['access']}"
    with contextlib.closing(BareSocket(one.port, path, receive_buffer=4_096)) as sloth:
        sloth.read_until("ready")
        ping = b"\x89\xfd\0\0\0\0" + b"x" * 125
        threading.Thread(target=write_all, args=(sloth, ping * 80_000), daemon=True).start()
        time.sleep(1)
        assert one.state()["sockets"] == 1
        assert within(20, lambda: one.state()["sockets"] == 0)


def test_a_long_replay_is_not_slowness(enter, alice, bob, room):
    """What a client asks for may be more at once than a slow reader may leave untaken."""
    number = 2 * limits().outgoing_bytes // len(LONG)
    said(bob, room, *[LONG] * number)
    mine = enter(alice, room, since=0)
    assert len(mine.of_type("message.created")) == number
    changes = mine.ask("changes", since=0)
    assert len(changes["data"]["changes"]) == number
    mine.send_message("still here")


def test_a_slow_reader_that_catches_up_is_left_alone(bare, enter, alice, bob, room):
    slow, writer = bare(alice, room), enter(bob, room)
    for number in range(100):
        writer.send_message(f"{number} " + "x" * 1_000)
    seen = 0
    while seen < 100:
        seen += json.loads(slow.read_frame()[1])["type"] == "message.created"
    slow.peer.sendall(masked(PING))
    slow.read_until("ack")


def test_a_locked_room_holds_up_no_other(enter, on_postgres, alice, bob, carol, room):
    """F11, F15: a query that waits in one room delays neither another room nor deliveries to the one who waits."""
    elsewhere = room_between(bob, carol)
    mine, theirs = enter(alice, room), enter(bob, room)
    hers, his = enter(carol, elsewhere), enter(bob, elsewhere)
    with transaction.atomic():
        RoomHead.objects.select_for_update(no_key=True).get(room=room_called(room))
        mine.say("message.send", "locked", text="waits for the lock")
        theirs.say("message.send", "locked", text="waits as well")
        time.sleep(0.1)
        for turn in range(10):
            started = time.monotonic()
            his.send_message(str(turn))
            assert hers.next("message.created")["data"]["text"] == str(turn)
            assert time.monotonic() - started < 0.8
        theirs.raw(json.dumps({"type": "ping", "ref": "p"}))
        locked = mine.of_type("ack", "error")
        assert locked == []
    assert {mine.answer("locked")["type"], theirs.answer("locked")["type"]} == {"ack"}


def test_a_lock_that_stays_is_answered_in_time(enter, on_postgres, outage, alice, bob, room):
    """An outage of one room, told as such: try again."""
    mine = enter(alice, room)
    with transaction.atomic():
        RoomHead.objects.select_for_update(no_key=True).get(room=room_called(room))
        mine.say("message.send", "locked", text="never")
        error = mine.answer("locked")
    assert (error["type"], error["error"]["code"], error["error"]["retry"]) == ("error", "unavailable", "after")
    mine.send_message("later")


def test_nothing_is_left_behind(enter, dial, bare, server, alice, bob, room):
    """I14: however sockets end, the process is rid of them."""
    assert within(10, lambda: server.state()["sockets"] == 0)
    before = server.state()
    names = [room, room_between(alice, another_device(alice)), "nowhere-nowhere-nowhere"]
    for turn in range(6):
        polite, rude = enter(alice, room), enter(bob, room)
        polite.say("typing", state="typing")
        dial(names[turn % 3], token=alice.tokens["access"]).close()  # before the hello is read
        dial(room).vanish()
        dial(names[2], token=bob.tokens["access"]).code()
        bare(bob, names[turn % 2 if turn % 2 == 0 else 0]).close()
        polite.close()
        rude.vanish()
    assert within(10, lambda: server.state()["sockets"] == 0)
    after = server.state()
    assert (after["sockets"], after["feeds"]) == (0, 0)
    assert after["threads"] <= before["threads"] + 2
    assert after["files"] <= before["files"] + 4
    assert Room.objects.exists()
