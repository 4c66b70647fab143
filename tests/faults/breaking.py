"""How processes are broken, and mended again: killed, asked to leave, stopped for a while (N1 to N5, N11, N12)."""

import asyncio
import random
import signal
import subprocess

from tests.faults.site import SOCKETS, signal_to
from tests.faults.truth import query
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
    before = world.site.children("rest") if name == "rest" else [world.site.pid(name)]
    file = world.site.folder / name / order
    file.touch()
    for _ in range(100):
        await asyncio.sleep(0.1)
        if not file.exists():
            break
    file.unlink(missing_ok=True)  # nothing was written meanwhile
    if name in SOCKETS and not await asyncio.to_thread(lives_on, before[0]):
        await asyncio.to_thread(world.site.kill, name)
        await asyncio.to_thread(world.site.start, name)
    await world.site.serves(name)


def lives_on(pid: int) -> bool:
    """Whether a process is still there; it may just be dying."""
    for _ in range(10):
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if not state or state.startswith("Z"):
            return False
        signal_to(pid, signal.SIGCONT)
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


async def kill_backend(world: World, lot: random.Random) -> None:
    """One process of PostgreSQL dies, so it throws all the others out and goes through the log."""
    backends = backends_of(world)
    if backends:
        signal_to(lot.choice(backends), signal.SIGKILL)
    await answers_again(world)


async def end_sessions_of_database(world: World, lot: random.Random) -> None:
    """Every connection is ended by the server, as an operator does it."""
    await asyncio.to_thread(terminate_all, world.site.postgres.url)


def terminate_all(url: str) -> None:
    """All connections but the own one."""
    with query(url) as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


def backends_of(world: World) -> list[int]:
    """PostgreSQL's processes that serve a connection."""
    found = []
    for pid in world.site.children("postgres"):
        line = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
        if line.startswith("postgres: chat "):
            found.append(pid)
    return found


async def answers_again(world: World) -> None:
    """Returns when PostgreSQL takes connections."""
    for _ in range(300):
        try:
            await asyncio.to_thread(world.site.postgres.ask_version)
        except Exception:  # noqa: BLE001 - whatever it says, it is not back yet
            await asyncio.sleep(0.1)
        else:
            return


async def leave_in_turn(world: World, lot: random.Random) -> None:
    """A deployment: each socket process is asked to leave and followed by a new one; gunicorn changes its workers."""
    for name in SOCKETS:
        await asyncio.to_thread(world.site.process(name).stop)
        await asyncio.to_thread(world.site.start, name)
    signal_to(world.site.pid("rest"), signal.SIGHUP)
    await asyncio.sleep(2)
    await world.site.serves("rest")


async def stop_for_a_while(world: World, lot: random.Random, *, what: str, shortest: float, longest: float) -> None:
    """SIGSTOP: it hangs, and everybody who waits for it hangs with it. Then it goes on as if nothing had happened."""
    pids = {
        "gunicorn's worker": lambda: world.site.children("rest"),
        "a backend": lambda: backends_of(world)[:1],
        "backends": lambda: backends_of(world),
    }.get(what, lambda: [world.site.pid(what)])()
    for pid in pids:
        signal_to(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(lot.uniform(shortest, longest))
    finally:
        for pid in pids:
            signal_to(pid, signal.SIGCONT)


async def shift_clock(world: World, lot: random.Random, *, name: str, seconds: float) -> None:
    """One process's clock jumps for a while, forwards or back."""
    file = world.site.folder / name / "clock"
    file.write_text(str(lot.choice([-1, 1]) * lot.uniform(60, 3_600)))
    await asyncio.sleep(seconds)
    file.unlink()
