"""One socket's outgoing side: never waits, keeps the order, stays bounded (F5, F18, F22)."""

import asyncio
from dataclasses import dataclass, field

import pytest
from websockets.frames import Frame
from websockets.streams import StreamReader

from chatapi.limits import limits
from chatapi.realtime.outbox import Outbox
from chatapi.realtime.turn import Turn
from chatapi.realtime.wire import Frames

SIZES = [0, 1, 125, 126, 65_535, 65_536, 200_000]


@dataclass
class Peer:
    """The other end of a server's `send`: takes what comes, or makes the server wait."""

    taken: list[object] = field(default_factory=list)
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False
    slow: int = 0

    async def send(self, message) -> None:
        await self.reading.wait()
        if self.gone:
            raise OSError("the peer is gone")
        self.taken.append(message.get("text", message.get("code")))

    def note_slow(self) -> None:
        self.slow += 1


def outbox_to(peer: Peer, *, reading: bool = True) -> Outbox:
    if reading:
        peer.reading.set()
    return Outbox(peer.send, Turn(), peer.note_slow)


def push(outbox: Outbox, frames: Frames) -> None:
    """In a turn of its own."""
    outbox.push(frames)
    outbox.leave()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_pushing_to_a_reading_peer_needs_no_task():
    peer = Peer()
    outbox = outbox_to(peer)
    push(outbox, Frames(["a", "b"]))
    assert peer.taken == ["a", "b"]
    assert len(asyncio.all_tasks()) == 1


async def test_what_waits_keeps_its_order_and_the_close_comes_last():
    peer = Peer()
    outbox = outbox_to(peer, reading=False)
    push(outbox, Frames(["a"]))
    push(outbox, Frames(["b", "c"]))
    outbox.close(4403)
    push(outbox, Frames(["never"]))
    outbox.close(4401)
    assert peer.taken == []
    peer.reading.set()
    await settle()
    assert peer.taken == ["a", "b", "c", 4403]
    assert outbox.waiting == 0


async def test_a_reader_that_stops_and_goes_on():
    peer = Peer()
    outbox = outbox_to(peer)
    push(outbox, Frames(["a"]))
    peer.reading.clear()
    push(outbox, Frames(["b"]))
    push(outbox, Frames(["c"]))
    peer.reading.set()
    await settle()
    push(outbox, Frames(["d"]))
    assert peer.taken == ["a", "b", "c", "d"]


async def test_a_slow_reader_is_told_of_and_what_waits_is_dropped():
    peer = Peer()
    outbox = outbox_to(peer, reading=False)
    text = "x" * 32_768
    for _ in range(limits().outgoing_bytes // len(text)):
        push(outbox, Frames([text]))
    assert peer.slow == 0
    push(outbox, Frames([text]))
    assert peer.slow == 1
    outbox.abandon()
    outbox.close(4408)
    peer.reading.set()
    await settle()
    assert peer.taken == [text, 4408]  # the first one was with the server already


async def test_much_at_once_is_not_slowness_but_twice_is():
    """A client that was away gets what it missed in one push, whose size says nothing about how it reads."""
    peer = Peer()
    outbox = outbox_to(peer, reading=False)
    replay = Frames(["x" * 1_000] * (3 * limits().outgoing_bytes // 1_000))
    push(outbox, replay)
    push(outbox, Frames(["live"]))
    assert peer.slow == 0
    peer.reading.set()
    await settle()
    peer.reading.clear()
    push(outbox, replay)
    assert peer.slow == 0
    push(outbox, replay)
    assert peer.slow


@pytest.mark.parametrize("reading", [True, False])
async def test_a_peer_that_is_gone_harms_nobody(reading):
    peer = Peer(gone=True)
    outbox = outbox_to(peer, reading=reading)
    push(outbox, Frames(["a"]))
    push(outbox, Frames(["b"]))
    peer.reading.set()
    await settle()
    push(outbox, Frames(["c"]))
    outbox.close(1000)
    assert peer.taken == []
    assert len(asyncio.all_tasks()) == 1


async def test_dropping_ends_the_task():
    peer = Peer()
    outbox = outbox_to(peer, reading=False)
    push(outbox, Frames(["a"]))
    await settle()
    assert len(asyncio.all_tasks()) == 2
    outbox.drop()
    await settle()
    assert len(asyncio.all_tasks()) == 1
    peer.reading.set()
    await settle()
    assert peer.taken == []


@pytest.mark.parametrize("size", SIZES)
def test_the_wire_is_what_the_standard_says(size):
    """RFC 6455, 5.2, read by somebody else's parser."""
    texts = ["ä" * (size // 2) + "x" * (size % 2), "second"]
    reader = StreamReader()
    reader.feed_data(Frames(texts).wire)
    reader.feed_eof()
    for text in texts:
        frame = parsed(Frame.parse(reader.read_exact, mask=False))
        assert (frame.opcode, frame.fin, bytes(frame.data).decode()) == (1, True, text)
    assert reader.at_eof()


def parsed(parser) -> Frame:
    try:
        next(parser)
    except StopIteration as result:
        return result.value
    raise AssertionError("the frame is not complete")


async def test_what_falls_due_in_one_turn_leaves_together_and_in_order():
    alice, bob = Peer(), Peer()
    turn = Turn()
    outboxes = [Outbox(peer.send, turn, peer.note_slow) for peer in (alice, bob)]
    for peer in (alice, bob):
        peer.reading.set()
    shared = Frames(["event 1", "event 2"])
    for outbox in outboxes:
        outbox.push(shared)
    await asyncio.sleep(0)
    outboxes[0].push(Frames(["ack"]))  # the answer to the commit comes a turn after its events
    assert alice.taken == bob.taken == []
    await settle()
    assert (alice.taken, bob.taken) == (["event 1", "event 2", "ack"], ["event 1", "event 2"])


async def test_one_that_fails_keeps_nobody_else_from_leaving():
    class Broken:
        def leave(self) -> None:
            raise RuntimeError("broken")

    peer = Peer()
    peer.reading.set()
    turn = Turn()
    turn.add(Broken())
    Outbox(peer.send, turn, peer.note_slow).push(Frames(["a"]))
    await settle()
    assert peer.taken == ["a"]
