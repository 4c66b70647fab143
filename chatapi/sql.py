"""Statements written by hand, for the few paths where composing one costs more than running it.

Rows travel as parameters that the statement reads like a table: its text does not depend on how many rows there are.
PostgreSQL gets keys as arrays and whole rows as JSON; SQLite gets JSON.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from chatapi import json, prepared


@cache
def is_postgres() -> bool:
    """Whether the site's database is PostgreSQL; SQLite otherwise."""
    return connection.vendor == "postgresql"


class Keys:
    """Rows of ids and numbers, to be joined with: name of a column to its type in PostgreSQL."""

    def __init__(self, **columns: str) -> None:
        self._columns = columns

    @property
    def table(self) -> str:
        """A query that reads the rows of `parameters`."""
        if is_postgres():
            arrays = ", ".join(f"%s::{kind}[]" for kind in self._columns.values())
            return f"SELECT * FROM unnest({arrays}) AS given({', '.join(self._columns)})"  # noqa: S608
        return _from_json(self._columns)

    def parameters(self, rows: Sequence[tuple[Any, ...]]) -> list[str]:
        """The parameters that stand for `rows`."""
        if is_postgres():
            return ["{" + ",".join(map(str, column)) + "}" for column in zip(*rows, strict=True)]
        return _as_json([dict(zip(self._columns, row, strict=True)) for row in rows])


class Rows:
    """Rows of anything, to be stored: name of a column to its type in PostgreSQL."""

    def __init__(self, **columns: str) -> None:
        self._columns = columns

    @property
    def table(self) -> str:
        """A query that reads the rows of `parameters`."""
        if is_postgres():
            typed = ", ".join(f"{name} {kind}" for name, kind in self._columns.items())
            return f"SELECT * FROM json_to_recordset(%s::json) AS given({typed})"  # noqa: S608
        return _from_json(self._columns)

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """The parameters that stand for `rows`."""
        return [json.dumps(rows)] if is_postgres() else _as_json(rows)

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self._columns)


def _from_json(columns: Iterable[str]) -> str:
    picked = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
    return f"SELECT {picked} FROM json_each(%s)"  # noqa: S608


def _as_json(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [json.dumps([{name: stored(value) for name, value in row.items()} for row in rows])]


def stored(value: Any) -> Any:
    """A value as SQLite keeps it, where Django's backend keeps ids and moments in forms of its own."""
    if isinstance(value, UUID):
        return value.hex
    return str(value.replace(tzinfo=None)) if isinstance(value, dt.datetime) else value


def uuid_of(value: Any) -> UUID:
    """An id that a statement has returned."""
    return value if isinstance(value, UUID) else UUID(value)


def fetch(statement: str, *parameters: Any, prepare: bool = True) -> list[tuple[Any, ...]]:
    """The rows of `statement`. Not to be prepared is what looks into a table that grows while its plan is kept."""
    with closing(connection.cursor()) as cursor:
        if prepare:
            prepared.execute(cursor, statement, parameters)
        else:
            cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def execute(statement: str, *parameters: Any) -> None:
    """Runs a statement that returns nothing."""
    with closing(connection.cursor()) as cursor:
        prepared.execute(cursor, statement, parameters)
