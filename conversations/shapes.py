"""The JSON shapes of a message and a room. A message looks the same on a page, a socket and in sync.

Ids may be UUIDs or their text: the encoder writes both alike, and makes no text in between.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from chatapi import json
from chatapi.times import rfc3339, rfc3339_or_none
from conversations.models import Membership, Message, Room


class MessageValues(NamedTuple):
    """What the shape of a message is made of: a row of a query, or a message that is only about to be stored."""

    id: UUID | str
    room_name: str
    seq: int
    rev: int
    client_id: UUID | str
    kind: str
    sender: Mapping[str, str]
    """As `user` in every answer (`accounts.models.short_user`)."""
    text: str
    created_at: dt.datetime
    quote: Mapping[str, Any] | None = None
    """The `quote_shape` of the message it answers."""
    forward_count: int = 0
    system: Any = None
    content: Any = None
    context: Any = None
    extra: Any = None
    expires_at: dt.datetime | None = None
    edited_at: dt.datetime | None = None
    deleted_at: dt.datetime | None = None


def message_shape(values: MessageValues) -> dict[str, Any]:
    """A message as everybody in the room sees it; nothing in it depends on who looks.

    The only place that says so: pages, frames, sync and changes all come here.
    """
    gone = values.deleted_at is not None
    return {
        "id": values.id,
        "room_name": values.room_name,
        "seq": values.seq,
        "rev": values.rev,
        "client_id": values.client_id,
        "kind": values.kind,
        "sender": values.sender,
        "text": "" if gone else values.text,
        "attachments": [],
        "reply_to": values.quote,
        "mentions": [],
        "forward_count": values.forward_count,
        "reactions": [],
        "pinned_until": None,
        "expires_at": rfc3339_or_none(values.expires_at),
        "system": values.system,
        "content": None if gone else values.content,
        "context": None if gone else values.context,
        "extra": None if gone else values.extra,
        "created_at": rfc3339(values.created_at),
        "edited_at": rfc3339_or_none(values.edited_at),
        "deleted_at": rfc3339_or_none(values.deleted_at),
    }


def quote_shape(
    message_id: UUID | str, *, seq: int, sender: Mapping[str, str], text: str, kind: str, gone: bool
) -> dict[str, Any]:
    """A message inside of one that answers it."""
    return {"id": message_id, "seq": seq, "sender": sender, "text": "" if gone else text, "kind": kind}


def message_json(message: Message) -> dict[str, Any]:
    """The shape of a stored message.

    Needs `room`, `sender` and `reply_to.sender` loaded (`Message.objects.complete()`).
    """
    return message_shape(values_of(message))


def values_of(message: Message) -> MessageValues:
    """The values of a message that was loaded as a model."""
    return MessageValues(
        id=message.pk,
        room_name=message.room.name,
        seq=message.seq,
        rev=message.rev,
        client_id=message.client_id,
        kind=message.kind,
        sender=message.sender.short(),
        text=message.text,
        created_at=message.created_at,
        quote=_quote(message.reply_to),
        forward_count=message.forward_count,
        system=message.system,
        content=message.content,
        context=message.context,
        extra=message.extra,
        expires_at=message.expires_at,
        edited_at=message.edited_at,
        deleted_at=message.deleted_at,
    )


def message_text(message: Message) -> orjson.Fragment:
    """`message_json` as ready text, made once for the frame, the ack and whatever else carries the message."""
    text: orjson.Fragment | None = message.__dict__.get("_text")
    if text is None:
        text = message.__dict__["_text"] = orjson.Fragment(json.dump_bytes(message_json(message)))
    return text


MINE = {"starred": False, "reaction": None, "played": False}
"""What the caller alone has made of a message; nothing can be made of it yet."""


def own_message_json(message: Message) -> dict[str, Any]:
    """A message in a REST or sync answer: with `mine`."""
    return own_message_shape(values_of(message))


def own_message_shape(values: MessageValues) -> dict[str, Any]:
    """As `own_message_json`, from values."""
    shape = message_shape(values)
    shape["mine"] = MINE
    return shape


def _quote(message: Message | None) -> dict[str, Any] | None:
    if message is None:
        return None
    return quote_shape(
        message.pk,
        seq=message.seq,
        sender=message.sender.short(),
        text=message.text,
        kind=message.kind,
        gone=message.deleted_at is not None,
    )


def shared_room_json(room: Room) -> dict[str, Any]:
    """The part of a room that is the same for everybody in it: what `room.updated` carries."""
    return {
        "room_name": room.name,
        "kind": room.kind,
        "created_at": rfc3339(room.created_at),
        "extra": room.extra,
        "disappearing_seconds": room.disappearing_seconds,
    }


def member_json(membership: Membership) -> dict[str, Any]:
    """A member, as `member.*` frames carry it."""
    return {"user": membership.user.short(), "state": membership.state, "role": membership.role}


def receipt_json(membership: Membership) -> dict[str, Any]:
    """A member's public marks, as `receipt.updated` carries them."""
    return {
        "user": membership.user.short(),
        "delivered_seq": membership.delivered_seq,
        "read_seq": membership.read_seq,
    }


def own_settings_json(membership: Membership, unread_count: int, *, is_refused: bool = False) -> dict[str, Any]:
    """`my`: everything about a room that depends on who looks."""
    active = membership.is_active
    reason = "cannot_send" if is_refused else None
    return {
        "state": membership.state,
        "role": membership.role,
        "last_read_seq": membership.last_read_seq,
        "unread_count": unread_count,
        "mention_count": 0,
        "muted_until": rfc3339_or_none(membership.muted_until),
        "archived": membership.archived,
        "pinned_at": rfc3339_or_none(membership.pinned_at),
        "marked_unread": membership.marked_unread,
        "first_visible_seq": membership.first_visible_seq,
        "can": {"send": active and not is_refused, "edit": active, "add": False},
        "cannot_send_reason": reason if active else "not_a_member",
    }


class Others(NamedTuple):
    """The other members of a room, in sum."""

    members: int = 0
    delivered_seq: int | None = None
    """The lowest marks of those who show receipts; where nobody does, of all. None where there are no others."""
    read_seq: int | None = None
    peer: dict[str, str] | None = None
    """The other person of a direct room."""
    refusing: bool = False
    """Whether that person is not to be written to."""


def room_json(
    membership: Membership, *, unread_count: int, last_message: dict[str, Any] | None, others: Others
) -> dict[str, Any]:
    """A room as one member sees it. Needs `room.head`, `room.marks` and `user` loaded."""
    room, head = membership.room, membership.room.head
    peer = (others.peer or membership.user.short()) if room.kind == Room.Kind.DIRECT else None
    return shared_room_json(room) | {
        "title": room.title if peer is None else peer["display_name"],
        "avatar_url": None,
        "seq": head.seq,
        "rev": head.rev,
        "marks": room.marks.marks,
        "last_activity_at": rfc3339(head.last_activity_at),
        "last_message": last_message,
        "members_count": others.members + membership.is_active,
        "others": {
            "delivered_seq": head.seq if others.delivered_seq is None else others.delivered_seq,
            "read_seq": head.seq if others.read_seq is None else others.read_seq,
        },
        "peer": peer,
        "group": None,
        "my": own_settings_json(membership, unread_count, is_refused=others.refusing),
    }
