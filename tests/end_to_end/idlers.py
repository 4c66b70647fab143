"""Idle live rooms, one on each process, in a thread of their own while the other stories run."""

import asyncio
import threading
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from chatclient import LiveRoom, Timing
from tests.end_to_end.people import Device, another_device, persons, soon
from tests.end_to_end.site import Site


class Idlers(threading.Thread):
    """One person's sockets, on which nothing happens until `wake`."""

    def __init__(self, site: Site) -> None:
        super().__init__(daemon=True)
        (alice,) = persons(site, "alice")
        (self._room_name,) = site.shell.call("direct", one=alice.user["username"], others=[alice.user["username"]])
        self._sessions = [alice, *(another_device(site, alice) for _ in site.sockets[1:])]
        self._site = site
        self._loop = asyncio.new_event_loop()
        self._woken = asyncio.Event()
        self.since = time.monotonic()
        self.rooms: list[LiveRoom] = []
        self.beats = [0] * len(site.sockets)

    def wake(self) -> None:
        """Somebody speaks, everybody hears it, and the thread ends."""
        if self.is_alive():
            self._loop.call_soon_threadsafe(self._woken.set)
            self.join(10)

    def run(self) -> None:
        self._loop.run_until_complete(self._idle())
        self._loop.close()

    async def _idle(self) -> None:
        async with AsyncExitStack() as stack:
            for process, session in enumerate(self._sessions):
                device = Device(self._site, session, process=process, timing=Timing())
                await stack.enter_async_context(device)
                room = device.live(self._room_name, on_frame=partial(self._count, process))
                self.rooms.append(await stack.enter_async_context(room))
            await asyncio.gather(*(room.connected() for room in self.rooms))
            await self._woken.wait()
            await self.rooms[0].send("good morning")
            await soon(lambda: all(len(room.store.history) == 1 for room in self.rooms), within=5)

    def _count(self, process: int, frame: dict[str, Any]) -> None:
        self.beats[process] += frame["type"] == "heartbeat"
