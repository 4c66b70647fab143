"""Rooms as their member sees them, many at a time in a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Sum

from accounts.models import User
from conversations.models import Membership, Message
from conversations.models.membership import MembershipQuerySet
from conversations.shapes import room_json


def own_rooms(user: User) -> MembershipQuerySet:
    """The memberships of a user, ready for `rooms_json`: one query."""
    return _ready(Membership.objects.of(user))


def _ready(memberships: MembershipQuerySet) -> MembershipQuerySet:
    return memberships.with_room().with_unread().select_related("user")


def rooms_json(memberships: Sequence[Membership]) -> list[dict[str, Any]]:
    """The rooms of these memberships (from `own_rooms`), in their order: two queries, however many they are."""
    last_messages = _last_messages(memberships)
    others = _others(memberships)
    return [
        room_json(
            membership,
            unread_count=membership.unread_count,  # type: ignore[attr-defined]  # an annotation of with_unread
            last_message=last_messages.get(membership.pk),
            others=others[membership.room_id],
        )
        for membership in memberships
    ]


def room_of(membership: Membership) -> dict[str, Any]:
    """The room as its member sees it now."""
    return rooms_json([_ready(Membership.objects.filter(pk=membership.pk)).get()])[0]


def badge_of(user: User) -> int:
    """The total badge: unread messages of the rooms that are neither muted nor archived."""
    rooms = Membership.objects.of(user).listed().badged().with_unread()
    return int(rooms.aggregate(total=Sum("unread_count"))["total"] or 0)


def _last_messages(memberships: Iterable[Membership]) -> dict[UUID, Message]:
    """By membership: the newest message its member may see, if that is the room's newest."""
    wanted = {
        membership.pk: membership.room.head.last_message_id
        for membership in memberships
        if membership.room.head.last_message_id
        and membership.room.head.seq >= membership.first_visible_seq
        and membership.is_active
    }
    found = Message.objects.complete().in_bulk(list(wanted.values()))
    return {pk: found[message_id] for pk, message_id in wanted.items() if message_id in found}


def _others(memberships: Sequence[Membership]) -> dict[UUID, list[Membership]]:
    """By room: the other members."""
    rows = (
        Membership.objects.filter(
            room__in=[membership.room_id for membership in memberships], state=Membership.State.MEMBER
        )
        .exclude(user__in={membership.user_id for membership in memberships})
        .select_related("user")
    )
    others: dict[UUID, list[Membership]] = defaultdict(list)
    for row in rows:
        others[row.room_id].append(row)
    return others
