"""A socket on which nothing happens stays open (F1): longer than any timeout between us and Redis."""

import asyncio
import time

from tests.end_to_end.idlers import Idlers

QUIET_SECONDS = 32


async def test_an_idle_socket_lives_on(idlers: Idlers) -> None:
    await asyncio.sleep(max(0, idlers.since + QUIET_SECONDS - time.monotonic()))
    await asyncio.to_thread(idlers.wake)
    assert [room.link.connections for room in idlers.rooms] == [1] * len(idlers.beats)
    assert [len(room.store.history) for room in idlers.rooms] == [1] * len(idlers.beats)
    assert min(idlers.beats) >= 1
