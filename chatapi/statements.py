"""Queries that are compiled once, for what is asked on every request and at every connect.

The ORM takes longer to put a query into words (0.3 to 0.6 ms) than PostgreSQL to answer it, and longer still to
make models of the rows. A `Statement` is written with the ORM, so it follows the models and runs on every database;
it is compiled at its first use, run with other values each time, and gives plain tuples.

PostgreSQL in its turn takes longer to plan such a query than to run it, so the busy ones are prepared
(`chatapi.prepared`).
"""

from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, Func
from django.db.models.sql import Query, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

from chatapi import prepared

Row = tuple[Any, ...]
M = TypeVar("M", bound=models.Model)


class Given(Expression):
    """A value that is named at each run, in the place where a query set has a constant."""

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        return "%s", [self]


class AsText(Func):
    """An id that only goes on to a client or into another query, or JSON that is mostly null.

    psycopg2 calls Python for each of their values, nulls too; PostgreSQL writes ids as text faster than that.
    """

    arity = 1
    template = "%(expressions)s"

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """The one database whose driver has types of its own."""
        return self.as_sql(compiler, connection, template="%(expressions)s::text", **extra)


class Statement:
    """A query set of `values_list` with `Given` values in it."""

    def __init__(self, build: Callable[[], "models.QuerySet[Any, Any]"], *, prepare: bool = True) -> None:
        self._build = build
        self._prepare = prepare
        """Whether a connection may keep its plan: one is good for every id, none for narrow and wide ranges alike."""
        self._compiled: Compiled | None = None

    def rows(self, **given: Any) -> list[Row]:
        """The rows for these values."""
        database = connections[DEFAULT_DB_ALIAS]
        with database.cursor() as cursor:
            converters = self._execute(cursor, database, given)
            rows = cursor.fetchall()
        return [_converted(row, converters, database) for row in rows] if converters else rows

    def row(self, **given: Any) -> Row | None:
        """The only row for these values."""
        rows = self.rows(**given)
        return rows[0] if rows else None

    def _execute(self, cursor: Any, database: BaseDatabaseWrapper, given: dict[str, Any]) -> "list[Converter]":
        sql, params, converters = self._compiled or self._compile(database)
        values = [param(given) for param in params]
        if self._prepare:
            prepared.execute(cursor, sql, values)
        else:
            cursor.execute(sql, values)
        return converters

    def _compile(self, database: BaseDatabaseWrapper) -> "Compiled":
        compiler: Any = self._query().get_compiler(connection=database)
        sql, params = compiler.as_sql()
        selected = [entry[0] for entry in compiler.select or ()]
        converters = [(place, *found) for place, found in compiler.get_converters(selected).items()]
        self._compiled = (sql, [_param(param, database) for param in params], converters)
        return self._compiled

    def _query(self) -> Query:
        return self._build().query


class Update(Statement):
    """A query set whose rows get new values."""

    def __init__(self, build: Callable[[], "models.QuerySet[Any, Any]"], **values: Any) -> None:
        super().__init__(build)
        self._values = values

    def run(self, **given: Any) -> None:
        """Gives the rows their new values."""
        database = connections[DEFAULT_DB_ALIAS]
        with database.cursor() as cursor:
            self._execute(cursor, database, given)

    def _query(self) -> Query:
        query: Any = super()._query().chain(UpdateQuery)
        query.add_update_values(self._values)
        return cast(Query, query)


@cache
def columns_of(model: type[models.Model]) -> tuple[str, ...]:
    """The columns of a model, in the order that `model_of` wants."""
    return tuple(field.attname for field in model._meta.concrete_fields)


def model_of(model: type[M], row: Row) -> M:
    """An instance of a row that holds `columns_of(model)`."""
    return model.from_db(DEFAULT_DB_ALIAS, columns_of(model), row)


Param = Callable[[dict[str, Any]], Any]
Converter = tuple[int, list[Any], Any]
Compiled = tuple[str, list[Param], list[Converter]]


def _param(param: Any, database: BaseDatabaseWrapper) -> Param:
    """How a place of the statement is filled from the given values; PostgreSQL's driver takes them as they are."""
    if not isinstance(param, Given):
        return lambda given: param
    if database.vendor == "postgresql":
        return itemgetter(param.name)
    return lambda given: param.output_field.get_db_prep_value(given[param.name], database)


def _converted(row: Row, converters: list[Converter], database: BaseDatabaseWrapper) -> Row:
    values: list[Any] | None = None
    for place, steps, expression in converters:
        if row[place] is not None:
            values = values or list(row)
            for step in steps:
                values[place] = step(values[place], expression, database)
    return tuple(values) if values else row
