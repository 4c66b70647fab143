"""What the database says at the end, read past every server and every proxy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg2


@dataclass(frozen=True, slots=True)
class Row:
    """A message as stored."""

    room: str
    id: str
    seq: int
    rev: int
    client_id: str
    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """A membership as stored, with what is counted from the rows."""

    room: str
    user: str
    left_rev: int | None
    delivered_seq: int
    last_read_seq: int
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Truth:
    """All messages and memberships, and what REST says to each member."""

    rows: list[Row] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    told: "list[Told]" = field(default_factory=list)
    badges: dict[str, int] = field(default_factory=dict)
    """By user: the total that REST tells."""


@dataclass(frozen=True, slots=True)
class Told:
    """A room as REST tells it to one member."""

    room: str
    user: str
    unread: int
    last_read_seq: int
    last_id: str


ROWS = """
    SELECT r.name, m.id::text, m.seq, m.rev, m.client_id::text, u.username, m.text
    FROM conversations_message m
    JOIN conversations_room r ON r.id = m.room_id JOIN accounts_user u ON u.id = m.sender_id
    ORDER BY m.room_id, m.seq
"""
MEMBERS = """
    SELECT r.name, u.username, s.left_rev, s.delivered_seq, s.last_read_seq, (
        SELECT count(*) FROM conversations_message m WHERE m.room_id = s.room_id AND m.seq > s.last_read_seq
        AND m.sender_id <> s.user_id AND m.created_rev <= coalesce(s.left_rev, m.created_rev)
    )
    FROM conversations_membership s
    JOIN conversations_room r ON r.id = s.room_id JOIN accounts_user u ON u.id = s.user_id
"""
HEADS = """
    SELECT r.name, h.rev, k.marks FROM conversations_room r
    JOIN conversations_roomhead h ON h.room_id = r.id JOIN conversations_roommarks k ON k.room_id = r.id
"""


@contextmanager
def query(url: str) -> Iterator[Any]:
    """A cursor of a connection of its own; what it does counts at once."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def read_truth(url: str) -> Truth:
    """Messages and memberships."""
    with query(url) as cursor:
        cursor.execute(ROWS)
        rows = [Row(*row) for row in cursor.fetchall()]
        cursor.execute(MEMBERS)
        return Truth(rows, [Member(*row) for row in cursor.fetchall()])


def read_heads(url: str) -> dict[str, tuple[int, int]]:
    """By room: `rev` and `marks`."""
    with query(url) as cursor:
        cursor.execute(HEADS)
        return {name: (rev, marks) for name, rev, marks in cursor.fetchall()}
