"""The faults there are (docs/hardening.md, N1 to N17), each with what it needs for itself while it lasts."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from tests.faults import abusing, breaking, disturbing
from tests.faults.inside.points import AFTER, BEFORE
from tests.faults.site import SOCKETS
from tests.faults.world import World


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong for a while. `strike` returns when it is over and everything serves again."""

    name: str
    strike: Callable[[World, random.Random], Awaitable[None]]
    needs: frozenset[str] = field(default_factory=frozenset)
    """Parts of the site that no other fault may touch meanwhile."""


def fault(title: str, strike: Callable[..., Awaitable[None]], *needs: str, **arguments: object) -> Fault:
    """An entry of the catalogue."""
    return Fault(title, partial(strike, **arguments), frozenset(needs))


ONE, OTHER = SOCKETS
BACK = ("redis", "postgres")

SHORT = [
    fault("N1 kill -9 a socket process", breaking.kill_process, ONE, name=ONE),
    fault("N1 kill -9 the other socket process", breaking.kill_process, OTHER, name=OTHER),
    fault("N2 kill -9 gunicorn's worker", breaking.kill_workers, "rest"),
    fault("N2 REST dies after a commit", breaking.die_at_commit, "rest", name="rest", order=AFTER),
    fault("N3 kill -9 Redis, empty after 1 s", breaking.kill_redis, "redis", seconds=1.0),
    fault("N4 kill -9 PostgreSQL", breaking.kill_postgres, "postgres", seconds=0.5),
    fault("N6 cut all sockets", disturbing.strike, ONE, OTHER, how="cut"),
    fault("N6 break sockets within frames", disturbing.strike, ONE, OTHER, how="break"),
    fault("N6 reset Redis and PostgreSQL", disturbing.strike, *BACK, routes=BACK, how="reset"),
]
"""What every change is tested with: each of the worst once."""

PROCESSES = [
    fault("N1 kill -9 a socket process, back after 5 s", breaking.kill_process, ONE, name=ONE, seconds=5.0),
    fault("N1 a socket process dies before a commit", breaking.die_at_commit, ONE, name=ONE, order=BEFORE),
    fault("N1 a socket process dies after a commit", breaking.die_at_commit, OTHER, name=OTHER, order=AFTER),
    fault("N1 kill -9 the worker", breaking.kill_process, "worker", name="worker"),
    fault("N2 kill -9 gunicorn's master", breaking.kill_process, "rest", name="rest"),
    fault("N2 REST dies before a commit", breaking.die_at_commit, "rest", name="rest", order=BEFORE),
    fault("N3 kill -9 Redis, empty at once", breaking.kill_redis, "redis", seconds=0.1),
    fault("N3 kill -9 Redis, empty after 2 s", breaking.kill_redis, "redis", seconds=2.0),
    fault("N3 kill -9 Redis, empty after 30 s", breaking.kill_redis, "redis", seconds=30.0),
    fault("N4 kill -9 PostgreSQL, back after 5 s", breaking.kill_postgres, "postgres", seconds=5.0),
    fault("N4 kill -9 a backend", breaking.kill_backend, "postgres"),
    fault("N4 all connections to the database ended", breaking.end_sessions_of_database, "postgres"),
    fault("N11 restart everything in turn", breaking.leave_in_turn, ONE, OTHER, "rest"),
    fault("N12 a clock jumps", breaking.shift_clock, ONE, name=ONE, seconds=8.0),
    fault("N12 REST's clock jumps", breaking.shift_clock, "rest", name="rest", seconds=8.0),
]

STOPS = [
    fault(f"N5 stop {what}", breaking.stop_for_a_while, part, what=what, shortest=shortest, longest=longest)
    for what, part, shortest, longest in (
        (ONE, ONE, 1.0, 20.0),
        (OTHER, OTHER, 1.0, 8.0),
        ("gunicorn's worker", "rest", 1.0, 8.0),
        ("redis", "redis", 1.0, 8.0),
        ("a backend", "postgres", 1.0, 4.0),
        ("backends", "postgres", 1.0, 4.0),
    )
]

NETWORK = [
    fault("N6 reset all sockets", disturbing.strike, ONE, OTHER, how="reset"),
    fault("N6 cut sockets again and again", disturbing.strike, ONE, OTHER, how="cut", share=0.5, times=10),
    fault("N6 break REST", disturbing.strike, "rest", routes=("rest",), how="break", times=5),
    fault("N6 break the database's connections", disturbing.strike, "postgres", routes=("postgres",), how="break"),
    fault("N6 cut Redis", disturbing.strike, "redis", routes=("redis",), how="cut", times=3),
    fault("N6 half-open sockets", disturbing.half_open, ONE, OTHER, routes=SOCKETS, share=0.4),
    fault("N6 half-open database connections", disturbing.half_open, "postgres", routes=("postgres",), share=0.3),
    fault("N6 half-open Redis", disturbing.half_open, "redis", routes=("redis",), share=0.5),
    fault("N6 stall sockets", disturbing.weather, ONE, OTHER, routes=SOCKETS, seconds=8.0, stalled=True),
    fault("N6 stall sockets for a blink", disturbing.weather, ONE, routes=(ONE,), seconds=0.3, stalled=True),
    fault("N6 stall REST", disturbing.weather, "rest", routes=("rest",), seconds=6.0, stalled=True),
    fault("N6 stall Redis", disturbing.weather, "redis", routes=("redis",), seconds=6.0, stalled=True),
    fault("N6 stall the database", disturbing.weather, "postgres", routes=("postgres",), seconds=4.0, stalled=True),
    fault("N6 refuse sockets", disturbing.weather, ONE, OTHER, routes=SOCKETS, seconds=5.0, refusing=True),
    fault("N6 refuse Redis", disturbing.weather, "redis", routes=("redis",), seconds=5.0, refusing=True),
    fault("N6 refuse the database", disturbing.weather, "postgres", routes=("postgres",), seconds=4.0, refusing=True),
    fault("N6 slow Redis", disturbing.weather, "redis", routes=("redis",), seconds=8.0, delay=0.05),
    fault("N6 slow database", disturbing.weather, "postgres", routes=("postgres",), seconds=6.0, delay=0.004),
    fault("N7 slow sockets", disturbing.weather, ONE, OTHER, routes=SOCKETS, seconds=10.0, rate=10_000.0),
    fault("N10 all sockets come back at once", disturbing.strike, ONE, OTHER, how="reset", times=3),
]

USERS = [
    fault("N7 sockets that read nothing", abusing.read_nothing, number=5, seconds=12.0),
    fault("N8 flood", abusing.flood, frames=20_000),
    fault("N8 knock and run", abusing.knock, number=400),
    fault("N14 log out", abusing.log_out, "postgres"),
    fault("N14 log out once more", abusing.log_out, "postgres"),
    fault("N14 remove somebody from a room", abusing.remove_member, "postgres"),
    fault("N15 no connections left", abusing.take_all_connections, "postgres", seconds=5.0),
    fault("N15 no files left", abusing.take_file_descriptors, OTHER, name=OTHER, seconds=5.0),
    fault("N16 nonsense", abusing.talk_nonsense, number=3),
    fault("F11 a locked room", abusing.hold_lock, "postgres", seconds=3.0),
]

EVERYTHING = [*SHORT, *PROCESSES, *STOPS, *NETWORK, *USERS]
