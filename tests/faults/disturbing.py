"""How the network is disturbed: cuts, resets, half-open connections, stalls, refusals, slowness (N6, N7, N10)."""

import asyncio
import random

from tests.faults.site import SOCKETS
from tests.faults.world import World


async def strike(
    world: World, lot: random.Random, *, routes: tuple[str, ...] = SOCKETS, how: str, share: float = 1.0, times: int = 1
) -> None:
    """Does something to a share of the connections there are, at once; perhaps several times."""
    for turn in range(times):
        for name in routes:
            world.site.network.strike(name, how, share)
        if turn + 1 < times:
            await asyncio.sleep(lot.uniform(0.1, 0.6))


async def half_open(world: World, lot: random.Random, *, routes: tuple[str, ...], share: float) -> None:
    """Connections of which one end is gone, and nobody told the other. Over when the last one has been noticed."""
    await strike(world, lot, routes=routes, how="half", share=share)
    await asyncio.sleep(HALF_OPEN)


HALF_OPEN = 13.0
"""A second longer than the proxy keeps up appearances."""


async def weather(
    world: World,
    lot: random.Random,
    *,
    routes: tuple[str, ...],
    seconds: float,
    delay: float = 0.0,
    rate: float = 0.0,
    stalled: bool = False,
    refusing: bool = False,
) -> None:
    """For a while nothing comes through, or late, or little at a time; or new connections are refused."""
    for name in routes:
        world.site.network.weather(name, delay=delay, jitter=delay, rate=rate, stalled=stalled, refusing=refusing)
        if refusing:
            world.site.network.strike(name, "reset")
    try:
        await asyncio.sleep(seconds)
    finally:
        for name in routes:
            world.site.network.calm(name)
