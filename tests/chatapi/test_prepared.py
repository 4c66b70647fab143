"""Statements that are prepared on the server, and the same ones where they may not be."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import UUIDField

from chatapi import prepared
from chatapi.statements import Given, Statement
from conversations.models import Message, Room
from tests.people import room_between, room_called, said

pytestmark = pytest.mark.django_db

NAME = Statement(lambda: Room.objects.filter(pk=Given("room", UUIDField())).values_list("name"))


def prepared_here() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'chat_%%'")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("allowed", [True, False])
def test_a_statement_is_prepared_once_where_it_may_be(settings, alice, bob, allowed):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite prepares by itself")
    settings.DATABASE_PREPARED = allowed
    name = room_between(alice, bob)
    room = room_called(name).pk
    NAME.rows(room=room)
    before = prepared_here()
    assert [NAME.row(room=room) for _ in range(2 * prepared.USES_OF_A_PLAN)] == [(name,)] * 2 * prepared.USES_OF_A_PLAN
    assert prepared_here() == before
    assert (before > 0) >= allowed


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_anew(alice, bob):
    """F11: the server was restarted, or the connection was too old."""
    name = room_between(alice, bob)
    room = room_called(name).pk
    assert NAME.row(room=room) == (name,)
    said(alice, name, "before")
    connection.close()
    said(alice, name, "after")
    assert NAME.row(room=room) == (name,)
    assert Message.objects.count() == 2


def test_what_fails_says_so_and_can_be_tried_again(alice, bob):
    name = room_between(alice, bob)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        prepared.execute(cursor, "SELECT no_such_column FROM conversations_room", [])
    assert NAME.row(room=room_called(name).pk) == (name,)
