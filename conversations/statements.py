"""The statements that a batch of sends costs, whatever its size, written by hand: what every message pays.

The ORM spends more on composing them, and on models for rows that are only looked at, than all else in a send takes.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from accounts.models import Block, Contact, User
from chatapi import sql
from chatapi.sql import uuid_of
from conversations.models import Membership, Message, Room, RoomHead
from conversations.models.room import peer_in

Key = tuple[UUID, UUID, UUID]
"""Sender, room, client id: one message, for ever."""
Pair = tuple[UUID, UUID]
"""Sender, and the other one of a direct room."""


@dataclass(slots=True)
class Head:
    """A locked room: its name, and the numbers that were taken last."""

    room: Room
    seq: int
    rev: int
    last_message_id: UUID | None = None

    def peer_of(self, sender_id: UUID) -> UUID:
        """The other one of a direct room; in notes and groups the sender."""
        return peer_in(self.room.direct_key, sender_id)


class Standing(NamedTuple):
    """Where a sender stands in a room, and whether the message is there already."""

    sender: User | None
    """None for somebody who never was in the room."""
    is_member: bool
    first_visible_seq: int
    earlier: UUID | None
    """The message that is stored under the same key."""


_ROOMS = sql.Keys(id="uuid")
_KEYS = sql.Keys(n="int", sender="uuid", room="uuid", client="uuid")
_PAIRS = sql.Keys(sender="uuid", peer="uuid")
_NUMBERS = sql.Keys(id="uuid", seq="bigint", rev="bigint", message="uuid")


def lock_rooms(room_ids: Iterable[UUID], *, pass_by_locked: bool) -> dict[UUID, Head]:
    """The heads of these rooms, locked in the order of their ids (`locks.lock_heads` says why and how)."""
    wanted = [(room_id,) for room_id in set(room_ids)]
    rows = sql.fetch(_lock(pass_by_locked), *_ROOMS.parameters(wanted)) if wanted else []
    heads = {}
    for key, name, pair, seq, rev in rows:
        room_id = uuid_of(key)
        heads[room_id] = Head(Room.from_db("default", ["id", "name", "direct_key"], [room_id, name, pair]), seq, rev)
    return heads


@cache
def _lock(pass_by_locked: bool) -> str:
    waiting = " SKIP LOCKED" if pass_by_locked else ""
    lock = f" FOR NO KEY UPDATE OF head{waiting}" if sql.is_postgres() else ""
    return f"""
        SELECT head.room_id, room.name, room.direct_key, head.seq, head.rev
        FROM ({_ROOMS.table}) given
        JOIN {RoomHead._meta.db_table} head ON head.room_id = given.id
        JOIN {Room._meta.db_table} room ON room.id = given.id
        ORDER BY head.room_id{lock}
    """  # noqa: S608


def standings(keys: Iterable[Key]) -> dict[Key, Standing]:
    """Who may send, and what was sent before, for each key."""
    keys = list(keys)
    given = [(n, *key) for n, key in enumerate(keys)]
    rows = sql.fetch(_stand(), *_KEYS.parameters(given), prepare=False) if given else []
    return {keys[row[0]]: _standing(*row[1:]) for row in rows}


def _standing(
    user_id: Any, username: str, display_name: str, state: str, first_visible_seq: int, earlier: Any
) -> Standing:
    sender = None
    if user_id is not None:
        sender = User.from_db("default", ["id", "username", "display_name"], [uuid_of(user_id), username, display_name])
    found = uuid_of(earlier) if earlier is not None else None
    return Standing(sender, state == Membership.State.MEMBER, first_visible_seq, found)


@cache
def _stand() -> str:
    return f"""
        SELECT given.n, person.id, person.username, person.display_name, mine.state, mine.first_visible_seq,
            (SELECT earlier.id FROM {Message._meta.db_table} earlier
             WHERE earlier.sender_id = given.sender AND earlier.room_id = given.room
                AND earlier.client_id = given.client)
        FROM ({_KEYS.table}) given
        LEFT JOIN {Membership._meta.db_table} mine ON mine.room_id = given.room AND mine.user_id = given.sender
        LEFT JOIN {User._meta.db_table} person ON person.id = mine.user_id
    """  # noqa: S608


def refused(pairs: Iterable[Pair]) -> set[Pair]:
    """Those whose sender their peer does not let write; one statement, where there is a direct room at all.

    Apart from `standings`, which is planned each time: this one keeps its plan and is answered in a few microseconds.
    """
    wanted = list(set(pairs))
    rows = sql.fetch(_refuse(), *_PAIRS.parameters(wanted)) if wanted else []
    return {(uuid_of(sender), uuid_of(peer)) for sender, peer in rows}


@cache
def _refuse() -> str:
    """What `accounts.between.refusing` says, as lookups of single rows."""
    user, block, contact = (model._meta.db_table for model in (User, Block, Contact))
    choice = "person.privacy->>'messages'" if sql.is_postgres() else "json_extract(person.privacy, '$.messages')"
    return f"""
        SELECT given.sender, given.peer FROM ({_PAIRS.table}) given
        WHERE EXISTS (SELECT 1 FROM {block} block WHERE block.owner_id = given.peer
                AND block.person_id = given.sender AND block.deleted_at IS NULL)
            OR EXISTS (SELECT 1 FROM {block} block WHERE block.owner_id = given.sender
                AND block.person_id = given.peer AND block.deleted_at IS NULL)
            OR NOT EXISTS (SELECT 1 FROM {user} person WHERE person.id = given.peer AND person.is_active
                AND ({choice} = 'everyone' OR ({choice} = 'contacts' AND EXISTS (
                    SELECT 1 FROM {contact} saved WHERE saved.owner_id = given.peer
                        AND saved.person_id = given.sender AND saved.deleted_at IS NULL))))
    """  # noqa: S608


_STORED = sql.Rows(
    id="uuid",
    room_id="uuid",
    seq="bigint",
    rev="bigint",
    client_id="uuid",
    fingerprint="text",
    sender_id="uuid",
    text="text",
    reply_to_id="uuid",
    extra="jsonb",
    created_at="timestamptz",
)
"""What a new message brings; the rest of its columns is as `_FRESH` says."""
_FRESH: Mapping[str, str] = {"created_rev": "rev", "kind": "'text'", "forward_count": "0"}


def insert_messages(messages: Sequence[Message]) -> None:
    """Stores new text messages. Raises IntegrityError where a number or a key is taken."""
    rows = [
        {
            "id": message.pk,
            "room_id": message.room_id,
            "seq": message.seq,
            "rev": message.rev,
            "client_id": message.client_id,
            "fingerprint": message.fingerprint,
            "sender_id": message.sender_id,
            "text": message.text,
            "reply_to_id": message.reply_to_id,
            "extra": message.extra,
            "created_at": message.created_at,
        }
        for message in messages
    ]
    sql.execute(_insert(), *_STORED.parameters(rows))


@cache
def _insert() -> str:
    columns, values = [*_STORED.names, *_FRESH], [*_STORED.names, *_FRESH.values()]
    return f"""
        INSERT INTO {Message._meta.db_table} ({", ".join(columns)})
        SELECT {", ".join(values)} FROM ({_STORED.table}) given
    """  # noqa: S608


def save_heads(heads: Iterable[Head], at: dt.datetime) -> None:
    """Writes the numbers that were taken."""
    rows = [
        (head.room.pk, head.seq, head.rev, head.last_message_id) for head in heads if head.last_message_id is not None
    ]
    sql.execute(_save(), *_NUMBERS.parameters(rows), at if sql.is_postgres() else sql.stored(at))


@cache
def _save() -> str:
    return f"""
        WITH given AS ({_NUMBERS.table})
        UPDATE {RoomHead._meta.db_table}
        SET seq = given.seq, rev = given.rev, last_message_id = given.message, last_activity_at = %s
        FROM given WHERE room_id = given.id
    """  # noqa: S608
