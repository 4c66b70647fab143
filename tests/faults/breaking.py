"""How things are broken, and mended again."""

import asyncio
import random
import signal

from tests.faults.site import SOCKETS, signal_to
from tests.faults.world import World


async def kill_process(world: World, lot: random.Random, *, name: str, seconds: float = 0.0) -> None:
    """kill -9, and after a while a new one."""
    await asyncio.to_thread(world.site.kill, name)
    await asyncio.sleep(seconds or lot.uniform(0.2, 1.0))
    await asyncio.to_thread(world.site.start, name)


async def kill_workers(world: World, lot: random.Random) -> None:
    """gunicorn starts them again by itself."""
    for pid in world.site.children("rest"):
        signal_to(pid, signal.SIGKILL)
    await world.site.serves("rest")


async def die_at_commit(world: World, lot: random.Random, *, name: str, order: str) -> None:
    """The process kills itself right before, or right after, its next commit."""
    file = world.site.folder / name / order
    file.touch()
    for _ in range(100):
        await asyncio.sleep(0.1)
        if not file.exists():
            break
    file.unlink(missing_ok=True)  # nothing was written meanwhile
    if name in SOCKETS and not await asyncio.to_thread(is_running, world, name):
        await asyncio.to_thread(world.site.kill, name)
        await asyncio.to_thread(world.site.start, name)
    await world.site.serves(name)


def is_running(world: World, name: str) -> bool:
    """Whether the process still is there, a moment later."""
    leash = world.site.process(name)._leash
    try:
        return leash is None or leash.wait(1.0) is None
    except TimeoutError:
        return True


async def kill_redis(world: World, lot: random.Random, *, seconds: float) -> None:
    """Started again, it knows nobody and nothing."""
    await asyncio.to_thread(world.site.redis.kill)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(world.site.redis.start)


async def kill_postgres(world: World, lot: random.Random, *, seconds: float) -> None:
    """All of it; the next start goes through the log."""
    await asyncio.to_thread(world.site.postgres.kill)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(world.site.postgres.start)


async def strike_sockets(world: World, lot: random.Random, *, how: str, share: float = 1.0) -> None:
    """All connections of clients to the socket processes, at once."""
    for name in SOCKETS:
        world.site.network.strike(name, how, share)


async def reset_backends(world: World, lot: random.Random) -> None:
    """What the servers hold open to the database and to Redis."""
    for name in ("redis", "postgres"):
        world.site.network.strike(name, "reset")


async def slow_down(
    world: World, lot: random.Random, *, routes: tuple[str, ...], seconds: float, delay: float = 0.0, rate: float = 0.0
) -> None:
    """Every byte comes later, as much later as chance has it; or few at a time."""
    for name in routes:
        world.site.network.weather(name, delay=delay, jitter=delay, rate=rate)
    await asyncio.sleep(seconds)
    for name in routes:
        world.site.network.calm(name)
