"""Statements that PostgreSQL parses once for each connection and plans rarely, which is most of what a small one costs.

A connection keeps what was prepared on it, so a pooler that hands out connections by the transaction would mix them
up: with one between, `DATABASE_PREPARED=0` sends them as they are.
"""

from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

USES_OF_A_PLAN = 256
"""A plan is made for tables as they are: one from the first day, when all were empty, would be poor when they fill."""


class _Knowledge:
    """What one connection to the server knows."""

    __slots__ = ("names", "uses")

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.uses = 0


_known: "WeakKeyDictionary[Any, _Knowledge]" = WeakKeyDictionary()
_numbers = count(1)


def execute(cursor: CursorWrapper, statement: str, parameters: Sequence[Any]) -> None:
    """Runs `statement`, whose text is always the same and whose parameters are written `%s`."""
    if connection.vendor != "postgresql" or not settings.DATABASE_PREPARED:
        cursor.execute(statement, parameters)
        return
    known = _known.get(connection.connection) or _known.setdefault(connection.connection, _Knowledge())
    name, preparation, execution = _named(statement)
    if name not in known.names:
        _run(preparation)
        known.names.add(name)
    known.uses += 1
    if _is_time_to_plan(known.uses):
        _run("DISCARD PLANS")
    cursor.execute(execution, parameters)


def _is_time_to_plan(uses: int) -> bool:
    """Soon and ever less often: on a new site it is the first minute in which the tables change most."""
    return uses % USES_OF_A_PLAN == 0 or (uses < USES_OF_A_PLAN and uses.bit_count() == 1)


def _run(command: str) -> None:
    """Something that is nobody's query."""
    with connection.wrap_database_errors, connection.connection.cursor() as raw:
        raw.execute(command)


@cache
def _named(statement: str) -> tuple[str, str, str]:
    """The name of a statement, what prepares it, and what executes it."""
    name = f"chat_{next(_numbers)}"
    parts = statement.replace("%%", "%").split("%s")
    numbered = "".join(f"{part}${place}" for place, part in enumerate(parts[:-1], start=1)) + parts[-1]
    places = ", ".join(["%s"] * (len(parts) - 1))
    preparation = f"SET plan_cache_mode = force_generic_plan; PREPARE {name} AS {numbered}"
    return name, preparation, f"EXECUTE {name} ({places})" if places else f"EXECUTE {name}"
