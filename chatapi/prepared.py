"""Statements that PostgreSQL parses and plans once for each connection: for most of ours that is the larger part.

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

_prepared: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()
"""By connection to the server: the names of what it knows."""
_numbers = count(1)


def execute(cursor: CursorWrapper, statement: str, parameters: Sequence[Any]) -> None:
    """Runs `statement`, whose text is always the same and whose parameters are written `%s`."""
    if connection.vendor != "postgresql" or not settings.DATABASE_PREPARED:
        cursor.execute(statement, parameters)
        return
    name, preparation, execution = _named(statement)
    known = _prepared.setdefault(connection.connection, set())
    if name not in known:
        with connection.wrap_database_errors, connection.connection.cursor() as raw:  # once, and nobody's query
            raw.execute(preparation)
        known.add(name)
    cursor.execute(execution, parameters)


@cache
def _named(statement: str) -> tuple[str, str, str]:
    """The name of a statement, what prepares it, and what executes it."""
    name = f"chat_{next(_numbers)}"
    parts = statement.replace("%%", "%").split("%s")
    numbered = "".join(f"{part}${place}" for place, part in enumerate(parts[:-1], start=1)) + parts[-1]
    places = ", ".join(["%s"] * (len(parts) - 1))
    return name, f"PREPARE {name} AS {numbered}", f"EXECUTE {name} ({places})" if places else f"EXECUTE {name}"
