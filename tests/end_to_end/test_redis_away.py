"""Redis goes away under load and comes back empty: sends are acknowledged, sockets stay, all agree soon after."""

import asyncio
import logging
import os
import signal
import time
from contextlib import AsyncExitStack

import pytest

from chatclient import LiveRoom
from tests.end_to_end.people import Device, another_device, persons, soon, texts
from tests.end_to_end.site import Site

logger = logging.getLogger(__name__)

pytestmark = pytest.mark.production


@pytest.mark.parametrize("fault", ["killed and started empty", "stopped and continued"])
async def test_redis_away_for_some_seconds(quick_site: Site, fault: str) -> None:
    """F3, F4, N3, N5: the layer is a doorbell, PostgreSQL the truth."""
    site = quick_site
    assert site.redis is not None
    alice, bob = persons(site, "alice", "bob")
    (room_name,) = site.shell.call("direct", one=alice.user["username"], others=[bob.user["username"]])
    sessions = [alice, bob, another_device(site, alice), another_device(site, bob)]
    waits: list[float] = []
    said, talking = 0, True
    async with AsyncExitStack() as stack:
        devices = [
            await stack.enter_async_context(Device(site, session, process=number // 2))
            for number, session in enumerate(sessions)
        ]
        rooms = [await stack.enter_async_context(device.live(room_name)) for device in devices]
        await asyncio.gather(*(room.connected() for room in rooms))

        async def talk(number: int) -> None:
            nonlocal said
            while talking:
                began = time.monotonic()
                text = f"{number} at {began}"
                send = rooms[number].send if number < len(rooms) else lambda text: devices[0].send(room_name, text)
                await send(text)
                said += 1
                waits.append(time.monotonic() - began)
                await asyncio.sleep(0.05)

        talks = [asyncio.create_task(talk(number)) for number in range(len(rooms) + 1)]
        await asyncio.sleep(1)
        if fault.startswith("killed"):
            await asyncio.to_thread(site.redis.kill)
            before = said
            await asyncio.sleep(3)
            during = said - before
            await asyncio.to_thread(site.redis.start)
        else:
            signal_to(site.redis.pid, signal.SIGSTOP)
            before = said
            await asyncio.sleep(4)
            during = said - before
            signal_to(site.redis.pid, signal.SIGCONT)
        back = time.monotonic()
        await asyncio.sleep(1)
        talking = False
        await asyncio.gather(*talks)

        stored = texts(await devices[0].everything(room_name))
        await all_hold(rooms, stored, within=5)
        logger.info(
            "%s: %d sends while away, the slowest of %d %.2f s, all equal %.1f s after its return",
            fault, during, len(waits), max(waits), time.monotonic() - back,
        )  # fmt: skip
        assert during > 20
        assert max(waits) < 3
        assert len(stored) == said
        assert [room.link.connections for room in rooms] == [1] * len(rooms)
        assert time.monotonic() - back < 5

        await rooms[0].send("the first after all that")
        await all_hold(rooms, [*stored, "the first after all that"], within=2)


async def all_hold(rooms: list[LiveRoom], wanted: list[str], within: float) -> None:
    await soon(lambda: all(texts(room.store.history) == wanted for room in rooms), "all messages", within=within)


def signal_to(pid: int, number: signal.Signals) -> None:
    os.kill(pid, number)
