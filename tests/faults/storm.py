"""A reconnect storm: a thousand sockets of reference clients are cut at once, and come back with their own patience."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from chatclient import LiveRoom, Timing
from tests.end_to_end.people import Device, session_of, soon, unique
from tests.faults.figures import Spread, spread
from tests.faults.site import SOCKETS, FaultSite

PEOPLE, ROOMS, ROOMS_EACH = 100, 50, 10


@dataclass(frozen=True)
class Storm:
    """What it took."""

    sockets: int
    seconds: float
    refused: int
    rest: Spread


async def storm(site: FaultSite, seed: int) -> Storm:
    """Cuts them all, and waits until the last one is back."""
    async with AsyncExitStack() as stack:
        rooms = await connect(site, stack)
        before = sum(room.link.connections for room in rooms)
        attempts = count_attempts(rooms)
        calls: list[float] = []
        caller = asyncio.create_task(call_rest(rooms[0], calls))
        began = time.monotonic()
        for name in SOCKETS:
            site.network.strike(name, "reset")
        await soon(lambda: not any(room.link.up.is_set() for room in rooms), within=10)
        await soon(lambda: all(room.link.up.is_set() for room in rooms), "everybody is back", within=120)
        took = time.monotonic() - began
        caller.cancel()
        made = sum(room.link.connections for room in rooms) - before
        return Storm(len(rooms), took, attempts[0] - made, spread(calls))


async def connect(site: FaultSite, stack: AsyncExitStack) -> list[LiveRoom]:
    """A hundred people with ten room sockets each, half of them on each process."""
    with site.fresh_shell() as shell:
        sessions = shell.call("persons", names=[unique(f"s{number}") for number in range(PEOPLE)])
        names = [answer["user"]["username"] for answer in sessions]
        in_room = [
            [names[(number * 2 + step) % PEOPLE] for step in range(PEOPLE * ROOMS_EACH // ROOMS)]
            for number in range(ROOMS)
        ]
        room_names = [shell.call("group", members=members) for members in in_room]
    found: list[LiveRoom] = []
    for number, answer in enumerate(sessions):
        device = Device(site, session_of(answer), process=number % 2, timing=Timing())
        await stack.enter_async_context(device)
        own = [room for room, members in zip(room_names, in_room, strict=True) if device.name in members]
        live = [await stack.enter_async_context(device.live(room)) for room in own]
        await asyncio.gather(*(room.connected() for room in live))
        found += live
    return found


def count_attempts(rooms: list[LiveRoom]) -> list[int]:
    """Counts every attempt to connect from now on."""
    counted = [0]
    for room in rooms:
        room.link._address = partial(count_and_tell, counted, room.link._address)
    return counted


def count_and_tell(counted: list[int], address: Callable[[], str]) -> str:
    """The address of the next attempt."""
    counted[0] += 1
    return address()


async def call_rest(room: LiveRoom, calls: list[float]) -> None:
    """How long an ordinary call takes meanwhile."""
    while True:
        began = time.monotonic()
        await room._api.get(f"conversations/{room.store.name}/")
        calls.append(time.monotonic() - began)
        await asyncio.sleep(0.05)
