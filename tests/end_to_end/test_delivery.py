"""Whoever sends, by whatever way: everybody gets everything, once, in the one order."""

import asyncio
import logging
import uuid
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import pairwise
from typing import Any

from chatclient import LiveRoom, Problem
from chatclient.errors import ConnectionLost
from tests.end_to_end.people import QUICK, Device, Json, another_device, persons, texts
from tests.end_to_end.site import Site

logger = logging.getLogger(__name__)

PATIENT = replace(QUICK, answer=30, ping=20)
"""Many commands at once wait for each other: the last answer takes as long as all of them."""


class Ear:
    """A live room that remembers the durable frames it got, in the order it got them."""

    def __init__(self, device: Device, room_name: str) -> None:
        self.frames: list[Json] = []
        self.device = device
        self.room = device.live(room_name, on_frame=self._hear)

    def _hear(self, frame: Json) -> None:
        if "rev" in frame and frame["type"] != "heartbeat":
            self.frames.append(frame)

    async def has(self, number: int) -> None:
        await self.room.until(lambda: len(self.frames) >= number)

    def heard(self) -> list[int]:
        return [frame["data"]["seq"] for frame in self.frames]


async def ears(stack: AsyncExitStack, site: Site, room_name: str, sessions: list[Any]) -> list[Ear]:
    """For each person a device on every socket process, live."""
    found = []
    for session in sessions:
        for process in range(len(site.sockets)):
            own = session if process == 0 else another_device(site, session)
            device = await stack.enter_async_context(Device(site, own, process=process, timing=PATIENT))
            ear = Ear(device, room_name)
            await stack.enter_async_context(ear.room)
            found.append(ear)
    await asyncio.gather(*(ear.room.connected() for ear in found))
    return found


async def test_senders_on_every_way_and_one_order_for_all(site: Site) -> None:
    """300 messages over REST and every socket process at once; all sockets see 1..n in `rev` order (I4, I5, I6)."""
    alice, bob, carol = persons(site, "alice", "bob", "carol")
    room_name = site.shell.call("group", members=[one.user["username"] for one in (alice, bob, carol)])
    async with AsyncExitStack() as stack:
        listening = await ears(stack, site, room_name, [alice, bob, carol])
        first, *_, last = listening

        async def over(way: Any, name: str) -> None:
            for number in range(75):
                await way(f"{name} {number}")

        await asyncio.gather(
            over(first.room.send, "socket of the first process"),
            over(last.room.send, "socket of the last process"),
            over(lambda text: first.device.send(room_name, text), "REST"),
            over(lambda text: last.device.send(room_name, text), "another's REST"),
        )
        await asyncio.gather(*(ear.has(300) for ear in listening))

        stored = await first.device.everything(room_name)
        assert [row["seq"] for row in stored] == list(range(1, 301))
        for ear in listening:
            assert ear.heard() == list(range(1, 301))
            assert [frame["prev"] for frame in ear.frames[1:]] == [frame["rev"] for frame in ear.frames[:-1]]
            assert texts(ear.room.store.history) == texts(stored)
            assert ear.device.calls["GET changes"] == 0
        for name in {text.rpartition(" ")[0] for text in texts(stored)}:
            numbers = [int(text.rpartition(" ")[2]) for text in texts(stored) if text.startswith(f"{name} ")]
            assert all(one < other for one, other in pairwise(numbers))


async def test_a_repeat_is_the_same_message_by_whatever_way(site: Site) -> None:
    """20 at once under one `client_id`: one message and one answer; another body is refused (I3)."""
    (alice, bob) = persons(site, "alice", "bob")
    (room_name,) = site.shell.call("direct", one=alice.user["username"], others=[bob.user["username"]])
    async with AsyncExitStack() as stack:
        listening = await ears(stack, site, room_name, [alice, bob])
        own = [ear for ear in listening if ear.device.me["id"] == alice.user["id"]]
        body = {"client_id": str(uuid.uuid4()), "text": "once"}

        def ask(number: int, body: Json) -> Any:
            ear = own[number % len(own)]
            if number % 3:
                return ear.room.link.ask("message.send", body)
            return ear.device.api.post(f"conversations/{room_name}/messages/", body)

        answers = await asyncio.gather(*(ask(number, body) for number in range(20)))
        assert len({answer["id"] for answer in answers}) == 1
        assert len({answer["seq"] for answer in answers}) == 1
        assert texts(await own[0].device.everything(room_name)) == ["once"]

        refusals = [await refused(ask(number, body | {"text": "twice"})) for number in range(6)]
        assert {(problem.status, problem.code) for problem in refusals} == {(409, "client_id_reused")}
        await own[0].room.send("the last")
        await asyncio.gather(*(has_all(ear.room, ["once", "the last"]) for ear in listening))
        assert all(ear.heard() == [1, 2] for ear in listening)


async def has_all(room: LiveRoom, wanted: list[str]) -> None:
    await room.until(lambda: texts(room.store.history) == wanted)


async def refused(call: Any) -> Problem:
    try:
        await call
    except Problem as problem:
        return problem
    raise AssertionError("was taken")


async def test_a_burst_drops_nothing(quick_site: Site) -> None:
    """1,000 messages into one room as fast as they go: every member on every process has 1,000 (F2)."""
    site = quick_site
    alice, bob, carol = persons(site, "alice", "bob", "carol")
    room_name = site.shell.call("group", members=[one.user["username"] for one in (alice, bob, carol)])
    async with AsyncExitStack() as stack:
        listening = await ears(stack, site, room_name, [alice, bob, carol])
        began = asyncio.get_running_loop().time()
        sent = await asyncio.gather(*(insist(listening[n % len(listening)].room, f"message {n}") for n in range(1_000)))
        took = asyncio.get_running_loop().time() - began
        await asyncio.gather(*(ear.has(1_000) for ear in listening))
        everywhere = asyncio.get_running_loop().time() - began
        codes = [ear.room.link.last_code for ear in listening if ear.room.link.connections > 1]
        logger.info(
            "1,000 acknowledged in %.1f s, on %d sockets in %.1f s; reconnected after %s",
            took,
            len(listening),
            everywhere,
            codes,
        )
        assert sorted(message["seq"] for message in sent) == list(range(1, 1_001))
        assert all(ear.heard() == list(range(1, 1_001)) for ear in listening)


async def insist(room: LiveRoom, text: str) -> Json:
    """Sends at once and without an order; a reader that was too slow for a burst reconnects (4408) and repeats."""
    body = {"client_id": str(uuid.uuid4()), "text": text}
    while True:
        try:
            return await room.link.ask("message.send", body)
        except ConnectionLost:
            assert await room.link.is_up(10)
