"""Facts about rooms, told to whoever listens, after the commit."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from accounts.models import User
from chatapi import json
from chatapi.realtime.event import Event
from chatapi.realtime.frames import frame
from chatapi.realtime.publish import publish, publish_passing
from conversations.frames import Change, receipt_frame
from conversations.models import Membership, Message, Room


def messages_created(messages: Iterable[Message]) -> None:
    """New messages, each in its room."""
    publish([change_event(Change(message, prev=message.rev - 1)) for message in messages])


def member_changed(membership: Membership) -> None:
    """Somebody came or went."""
    publish([change_event(Change(membership, prev=membership.rev - 1))])


def room_updated(room: Room) -> None:
    """The shared part of a room changed."""
    publish([change_event(Change(room, prev=room.rev - 1))])


def receipts_moved(memberships: Iterable[Membership]) -> None:
    """Public marks moved, each in its room."""
    publish([receipt_event(membership) for membership in memberships])


def own_changed(numbers: Mapping[UUID, int]) -> None:
    """What only these users see or own has changed; each took that `me` number.

    A bell without content: a process that has an inbox of the user reads the rows (`topics.Topics.missed`), so nothing
    is made for users who are not there.
    """
    publish([Event(f"user.{user_id}", rev=me) for user_id, me in numbers.items()])


def typing_updated(*, room: Room, user: User, state: str) -> None:
    """Somebody is typing, recording, or stopped; nobody stores that."""
    text = frame("typing.updated", {"user": user.short(), "state": state}, room=room.name)
    publish_passing(Event(room.topic, text, but_user=str(user.pk)))


def change_event(change: Change) -> Event:
    """A durable change for everybody in the room; whoever left with it is cut off after it."""
    row = change.row
    return Event(
        change.room.topic,
        json.dumps(change.as_json()),
        rev=change.rev,
        prev=change.prev,
        seq=row.seq if isinstance(row, Message) else 0,
        **(_coming_or_going(row) if isinstance(row, Membership) else {}),
    )


def _coming_or_going(row: Membership) -> dict[str, Any]:
    if row.is_active:
        return {"joins": str(row.user_id), "floor": row.floor}
    return {"leaves": str(row.user_id)}


def receipt_event(membership: Membership) -> Event:
    """A receipt for everybody in the room."""
    return Event(membership.room.topic, json.dumps(receipt_frame(membership)), marks=membership.marks)
