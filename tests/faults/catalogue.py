"""The faults there are (docs/hardening.md, N1 to N17), each with what it needs for itself while it lasts."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from tests.faults import breaking
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


SHORT = [
    fault("N1 kill -9 a socket process", breaking.kill_process, "sockets-1", name="sockets-1"),
    fault("N1 kill -9 the other socket process", breaking.kill_process, "sockets-2", name="sockets-2"),
    fault("N2 kill -9 gunicorn's worker", breaking.kill_workers, "rest"),
    fault("N2 REST dies after a commit", breaking.die_at_commit, "rest", name="rest", order="die-after-commit"),
    fault("N3 kill -9 Redis, empty after 1 s", breaking.kill_redis, "redis", seconds=1.0),
    fault("N4 kill -9 PostgreSQL", breaking.kill_postgres, "postgres", seconds=0.5),
    fault("N6 cut all sockets", breaking.strike_sockets, how="cut"),
    fault("N6 break sockets within frames", breaking.strike_sockets, how="break"),
    fault("N6 reset Redis and PostgreSQL", breaking.reset_backends, "redis", "postgres"),
]
"""What every change is tested with: each of the worst once."""
