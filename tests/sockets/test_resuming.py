"""Coming back: what was missed, then ready, then live, without gap or double (docs/sockets.md; F7, I17)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatapi.limits import limits
from conversations.actions.marks import mark_read
from tests.people import another_device, room_between, room_called, said


@pytest.fixture
def room(alice, bob):
    return room_between(alice, bob)


def texts(frames):
    return [frame["data"]["text"] for frame in frames if frame["type"] == "message.created"]


def replayed(socket):
    """What came between hello and ready."""
    kinds = [frame["type"] for frame in socket.seen]
    return socket.seen[kinds.index("hello") + 1 : kinds.index("ready")]


def ready(socket):
    return socket.of_type("ready")[0]["data"]


def test_the_missed_frames_come_before_ready(enter, alice, bob, room):
    said(bob, room, "one", "two", "three", "four")
    socket = enter(alice, room, since=2)
    assert texts(replayed(socket)) == ["three", "four"]
    assert [(frame["rev"], frame["prev"]) for frame in replayed(socket)] == [(3, 2), (4, 3)]
    assert ready(socket) == {"rev": 4, "marks": 0, "complete": True}
    assert socket.of_type("hello")[0]["data"]["room"]["rev"] == 4
    sent = socket.send_message("five")
    assert sent["rev"] == 5


def test_nothing_missed(enter, alice, bob, room):
    said(bob, room, "one")
    socket = enter(alice, room, since=1)
    assert (replayed(socket), ready(socket)["complete"]) == ([], True)


def test_live_frames_follow_the_replay(enter, alice, bob, room):
    said(bob, room, "one", "two")
    mine, theirs = enter(alice, room, since=1), enter(bob, room)
    theirs.send_message("three")
    frame = mine.next("message.created")
    assert (frame["rev"], frame["prev"], frame["data"]["text"]) == (3, 2, "three")


def test_receipts_are_replayed_by_their_own_number(enter, alice, bob, room):
    said(alice, room, "one", "two")
    mark_read(user=bob.user, seqs={room_called(room).pk: 1})
    socket = enter(alice, room, since=2, marks=0)
    (receipt,) = replayed(socket)
    assert (receipt["type"], receipt["marks"], receipt["data"]["read_seq"]) == ("receipt.updated", 1, 1)
    assert replayed(enter(alice, room, since=2, marks=1)) == []


def test_more_than_can_be_replayed(enter, alice, bob, room):
    """At most 1,000; the rest is asked for, and the next live frame shows that something is missing."""
    number = limits().replay_frames + 5
    said(bob, room, *[str(n) for n in range(1, number + 1)])
    mine, theirs = enter(alice, room, since=0), enter(bob, room)
    assert texts(replayed(mine)) == [str(n) for n in range(1, limits().replay_frames + 1)]
    assert ready(mine) == {"rev": limits().replay_frames, "marks": 0, "complete": False}
    theirs.send_message("live")
    live = mine.next("message.created")
    assert live["prev"] == number > ready(mine)["rev"]
    rest = mine.ask("changes", since=ready(mine)["rev"])["data"]
    assert [frame["rev"] for frame in rest["changes"]] == list(range(limits().replay_frames + 1, number + 2))
    assert (rest["complete"], rest["rev"]) == (True, number + 1)


@pytest.mark.parametrize("query", [{"since": 99}, {"since": 1, "marks": 99}, {"since": 1, "epoch": "another"}])
def test_numbers_of_another_history_are_reset(enter, alice, bob, room, query):
    said(bob, room, "one", "two")
    socket = enter(alice, room, **query)
    assert replayed(socket) == []
    assert ready(socket) == {"rev": 2, "marks": 0, "complete": False, "reset": True}
    assert socket.send_message("three")["rev"] == 3


def test_the_own_epoch_is_no_other(enter, alice, bob, room):
    said(bob, room, "one", "two")
    epoch = enter(alice, room).of_type("hello")[0]["data"]["epoch"]
    assert texts(replayed(enter(alice, room, since=1, epoch=epoch))) == ["two"]


@pytest.mark.parametrize("since", ["", "x", "-1", "1.5", "1e3", "٣", "0x1", "9" * 30, "\0"])
def test_nonsense_is_no_number(enter, alice, bob, room, since):
    """As without `since`: the room as it is."""
    said(bob, room, "one")
    socket = enter(alice, room, since=since)
    assert (replayed(socket), ready(socket)["complete"]) == ([], True)


def test_a_cleared_room_shows_nothing_of_before(enter, alice, bob, room):
    """The floor is the same in replay, live and repair."""
    said(bob, room, "one", "two")
    assert alice.client.delete(f"conversations/{room}/").status_code == 204
    mine, theirs = enter(alice, room, since=0), enter(bob, room)
    assert texts(replayed(mine)) == []
    theirs.send_message("three")
    assert mine.next("message.created")["data"]["text"] == "three"


@pytest.mark.timeout(90)
def test_joining_a_hundred_times_while_others_write(enter, dial, alice, bob, room):
    """F7: no moment of joining loses or doubles a frame, with `since` or without."""
    watching, done = enter(bob, room), threading.Event()
    writers = [enter(someone, room) for someone in (alice, another_device(alice), bob)]
    counts = [0, 0, 0]

    def write(place: int) -> None:
        while not done.is_set() and counts[place] < 200:  # below the burst
            writers[place].send_message(f"{place}.{counts[place]}")
            counts[place] += 1
            time.sleep(0.005)

    threads = [threading.Thread(target=write, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    since = 0
    for turn in range(100):
        query = {"since": since} if turn % 2 else {}
        socket = dial(room, token=bob.tokens["access"], query=query)
        since = check_numbers(socket, since if turn % 2 else None)
        socket.close()
    done.set()
    for thread in threads:
        thread.join()
    total = sum(counts)
    assert total > 100, "nobody wrote"
    while not (frames := watching.of_type("message.created")) or frames[-1]["rev"] < total:
        watching.next("message.created")
    assert [(frame["rev"], frame["prev"]) for frame in frames] == [(n, n - 1) for n in range(1, total + 1)]
    for place, count in enumerate(counts):
        own = [text for text in texts(frames) if text.startswith(f"{place}.")]
        assert own == [f"{place}.{number}" for number in range(count)]


def check_numbers(socket, since: int | None) -> int:
    """Reads up to `ready` and a live frame, if one comes; the number that was reached."""
    socket.next("ready")
    number = ready(socket)["rev"] if since is None else since
    for frame in replayed(socket):
        assert frame["prev"] == number, "replay has a gap"
        number = frame["rev"]
    assert number == ready(socket)["rev"]
    try:
        frame = socket.next("message.created", timeout=0.1)
    except AssertionError:
        return number
    assert (frame["prev"], frame["rev"]) == (number, number + 1), "live has a gap"
    return frame["rev"]


def test_who_opens_a_quiet_room_while_somebody_writes(dial, server, alice, bob, room):
    """The first snapshots of a process race each other; none may miss what another one has."""
    with server.rest(alice) as client, ThreadPoolExecutor(4) as pool:
        for turn in range(1, 16):
            opening = [pool.submit(dial, room, token=bob.tokens["access"]) for _ in range(3)]
            sending = pool.submit(client.post, f"conversations/{room}/messages/", json={"text": str(turn)})
            for socket in [future.result() for future in opening]:
                socket.next("ready")
                number = ready(socket)["rev"]
                while number < turn:
                    frame = socket.next("message.created")
                    assert frame["prev"] == number
                    number = frame["rev"]
                socket.close()
            assert sending.result().status_code == 201
