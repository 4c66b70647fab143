"""Statements that are prepared on the server, and the same ones where they may not be."""

import pytest
from django.db import DatabaseError, connection, transaction

from chatapi import sql
from conversations.models import Message
from tests.people import room_between, said

pytestmark = pytest.mark.django_db

DOUBLED = sql.Keys(n="int")


def doubled(*numbers: int) -> list[int]:
    return [row[0] for row in sql.fetch(f"SELECT n * 2 FROM ({DOUBLED.table}) given ORDER BY n", *parameters(numbers))]


def parameters(numbers) -> list[str]:
    return DOUBLED.parameters([(n,) for n in numbers])


def prepared_here() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'chat_%%'")
        return cursor.fetchone()[0]


def test_rows_are_read_like_a_table_however_many():
    assert doubled(1) == [2]
    assert doubled(3, 1, 2) == [2, 4, 6]


@pytest.mark.parametrize("allowed", [True, False])
def test_a_statement_is_prepared_once_where_it_may_be(settings, allowed):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite prepares by itself")
    settings.DATABASE_PREPARED = allowed
    doubled(0)
    before = prepared_here()
    assert [doubled(n) for n in range(8)] == [[2 * n] for n in range(8)]
    assert prepared_here() == before
    assert (before > 0) >= allowed


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_anew(alice, bob):
    """F11: the server was restarted, or the connection was too old."""
    room = room_between(alice, bob)
    said(alice, room, "before")
    connection.close()
    said(alice, room, "after")
    assert doubled(1) == [2]
    assert Message.objects.count() == 2


def test_what_fails_to_be_prepared_says_so_and_can_be_tried_again():
    with pytest.raises(DatabaseError), transaction.atomic():
        sql.fetch("SELECT no_such_column FROM conversations_room")
    assert doubled(1) == [2]
