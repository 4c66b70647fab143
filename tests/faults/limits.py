"""Experiments on one subject each: what one fault costs, in figures. `python3 manage.py faults --limits`.

Each is a run of its own with its own people, held against all checkers, and measures one thing that is promised.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from tests.faults import abusing, breaking
from tests.faults.catalogue import fault
from tests.faults.checkers import Record, violations
from tests.faults.figures import Spread, catch_ups, spread
from tests.faults.history import Answered, Got, Lost
from tests.faults.nemesis import Nemesis
from tests.faults.run import Plan, Run
from tests.faults.site import SOCKETS, FaultSite
from tests.faults.storm import storm
from tests.faults.world import SMALL

MIB = 2**20
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measured:
    """A promise, what was measured, and whether it was kept."""

    subject: str
    promised: str
    measured: str
    kept: bool


Experiment = Callable[[FaultSite, int], Awaitable[list[Measured]]]


async def talk(site: FaultSite, seed: int, rage: Callable[[Nemesis], Awaitable[None]], *, seconds: float) -> Record:
    """A run of 25 sends a second beside which `rage` does its work."""
    return await Run(site, Plan(SMALL, int(25 * seconds), seconds, seed, rage)).go()


def checked(subject: str, record: Record) -> Measured:
    """That nothing else broke meanwhile."""
    found = violations(record)
    return Measured(subject, "nothing lost, doubled or out of order", str(found or "nothing")[:500], not found)


async def redis_away(site: FaultSite, seed: int) -> list[Measured]:
    """Killed under load for 10 s and restarted empty."""
    away = fault("Redis away for 10 s", breaking.kill_redis, seconds=10.0)
    record = await talk(site, seed, partial(after_a_while, away), seconds=20.0)
    (begin, end) = record.windows[0]
    waits = [answer.at - record.invoked[key].at for key, answer in first_answers(record, begin, end)]
    (caught_up,) = [spread(catch_ups(record)[1])]
    return [
        Measured(
            "Redis away: sends", "answered throughout", f"{len(waits)} answered, {words(waits)}", len(waits) > 100
        ),
        Measured(
            "Redis away: sockets",
            "stay open",
            f"{len(lost_between(record, begin, end))} lost",
            not lost_between(record, begin, end),
        ),
        Measured("Redis back", "all level within 5 s", f"{caught_up.most:.2f} s", caught_up.most <= 5),
        checked("Redis away", record),
    ]


async def postgres_away(site: FaultSite, seed: int) -> list[Measured]:
    """Killed under load and started again."""
    away = fault("PostgreSQL away", breaking.kill_postgres, seconds=3.0)
    record = await talk(site, seed, partial(after_a_while, away), seconds=15.0)
    (begin, end) = record.windows[0]
    first = min(answer.at for answer in record.of(Answered) if answer.at > end) - end
    lost = lost_between(record, begin, end + 2)
    return [
        Measured("PostgreSQL back", "first success within 5 s", f"{first:.2f} s", first <= 5),
        Measured("PostgreSQL away: sockets", "stay open", f"{len(lost)} lost", not lost),
        checked("PostgreSQL away", record),
    ]


async def locked_room(site: FaultSite, seed: int) -> list[Measured]:
    """A transaction keeps one room for 3 s: the others do not notice."""
    rooms: list[str] = []

    async def rage(nemesis: Nemesis) -> None:
        await asyncio.sleep(8)
        rooms.append(min(nemesis.world.rooms))
        lock = fault(
            "a locked room",
            lambda world, _: asyncio.to_thread(abusing.lock_room, world.site.postgres.url, rooms[0], 3.0),
        )
        for _ in range(3):
            await nemesis.strike(lock)
            await asyncio.sleep(2)

    record = await talk(site, seed, rage, seconds=24.0)
    begin = record.windows[0][0]
    quiet = spread(deliveries(record, rooms[0], [(0.0, begin)]))
    during = spread(deliveries(record, rooms[0], record.windows))
    measured = f"{milliseconds(during)}; without the lock {milliseconds(quiet)}"
    return [
        Measured(
            "a room locked for 3 s: delivery in others", "unchanged", measured, during.p99 <= max(0.3, 3 * quiet.p99)
        ),
        checked("a room locked", record),
    ]


def deliveries(record: Record, but_room: str, windows: list[tuple[float, float]]) -> list[float]:
    """From sending to holding, of what was sent meanwhile in other rooms."""
    sent = {answer.id: record.invoked[key].at for key, answers in record.answers.items() for answer in answers}
    return [
        got.at - sent[got.id]
        for got in record.of(Got)
        if got.room != but_room and got.id in sent and any(begin <= sent[got.id] <= end for begin, end in windows)
    ]


async def read_nothing(site: FaultSite, seed: int, *, seconds: float = 300.0) -> list[Measured]:
    """20 sockets that ask and never read."""
    most: dict[str, int] = {}
    before: dict[str, int] = {}
    closed = site.closed_with(4408)

    async def rage(nemesis: Nemesis) -> None:
        await asyncio.sleep(5)
        before.update({name: site.memory(name) for name in SOCKETS})
        sloths = asyncio.create_task(
            abusing.read_nothing(nemesis.world, random.Random(seed), number=20, seconds=seconds)
        )
        while not sloths.done():
            await asyncio.sleep(0.5)
            most.update({name: max(most.get(name, 0), site.memory(name)) for name in SOCKETS})
        await sloths

    record = await talk(site, seed, rage, seconds=seconds + 10)
    growth = max(most[name] - before[name] for name in SOCKETS) / MIB
    cut = site.closed_with(4408) - closed
    return [
        Measured("20 sockets that read nothing", "each cut with 4408", f"{cut:.0f} closed with 4408", cut >= 20),
        Measured(
            f"their memory within {seconds:.0f} s",
            "at most 64 MiB",
            f"{growth:.0f} MiB in the larger process",
            growth <= 64,
        ),
        checked("sockets that read nothing", record),
    ]


async def flooded(site: FaultSite, seed: int) -> list[Measured]:
    """100,000 frames at once on one socket."""
    took: list[float] = []
    memory: list[int] = []

    async def rage(nemesis: Nemesis) -> None:
        await asyncio.sleep(3)
        for name in SOCKETS:
            before = site.memory(name)
            async with abusing.bare_sockets(nemesis.world, random.Random(seed), 1, [name]) as (socket,):
                began = time.monotonic()
                await abusing.pour(socket, abusing.PING * 100_000)
                await asyncio.to_thread(socket.code)
                took.append(time.monotonic() - began)
            await asyncio.sleep(5)
            memory.append((site.memory(name) - before) // MIB)

    record = await talk(site, seed, rage, seconds=16.0)
    return [
        Measured("100,000 frames at once", "closed within 1 s", f"{max(took):.2f} s", max(took) <= 1),
        Measured("memory 5 s after it", "back", f"{max(memory)} MiB more", max(memory) <= 16),
        checked("a flood", record),
    ]


async def reconnect_storm(site: FaultSite, seed: int) -> list[Measured]:
    """1,000 sockets cut at once, with the client's own jitter."""
    found = await storm(site, seed)
    return [
        Measured(
            "1,000 sockets cut at once",
            "back within 20 s",
            f"{found.sockets} back in {found.seconds:.1f} s",
            found.seconds <= 20,
        ),
        Measured("of these attempts", "none refused", f"{found.refused} refused", not found.refused),
        Measured("REST meanwhile", "p99 at most 1 s", cells(found.rest), found.rest.p99 <= 1),
    ]


async def after_a_while(what: object, nemesis: Nemesis) -> None:
    """Some seconds of peace before it and after it."""
    await asyncio.sleep(4)
    await nemesis.strike(what)  # type: ignore[arg-type]
    await asyncio.sleep(3)


def first_answers(record: Record, begin: float, end: float) -> list[tuple[tuple[str, str, str], Answered]]:
    """The first answers to what was sent in this time."""
    firsts = [(key, answers[0]) for key, answers in record.answers.items() if key in record.invoked]
    return [(key, answer) for key, answer in firsts if begin <= record.invoked[key].at <= end]


def lost_between(record: Record, begin: float, end: float) -> list[Lost]:
    """The connections that went down in this time."""
    return [lost for lost in record.of(Lost) if begin <= lost.at <= end]


def words(seconds: list[float]) -> str:
    """How long answers took."""
    found = spread(seconds)
    return f"p99 {found.p99:.2f} s, the slowest after {found.most:.2f} s"


def milliseconds(found: Spread) -> str:
    """Of seconds."""
    return f"p50 {found.p50 * 1000:.0f} ms, p99 {found.p99 * 1000:.0f} ms"


def cells(found: Spread) -> str:
    """Of seconds."""
    return f"p50 {found.p50:.2f} s, p99 {found.p99:.2f} s of {found.number} calls"


EXPERIMENTS: list[Experiment] = [redis_away, postgres_away, locked_room, flooded, reconnect_storm, read_nothing]
