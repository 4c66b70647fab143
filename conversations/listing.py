"""Rooms as their member sees them: many at a time in a constant number of queries, or one for as little as possible."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Count, DateTimeField, F, Min, Q, QuerySet, TextField, UUIDField
from django.db.models.functions import Cast, Coalesce

from accounts.between import Viewer, refusing
from accounts.models import User, short_user
from chatapi import times
from chatapi.errors import NotFound
from chatapi.statements import Given, Row, Statement, columns_of, model_of
from conversations.message_rows import message_of
from conversations.models import Membership, Message, Room, RoomHead, RoomMarks
from conversations.models.membership import NO_END, MembershipQuerySet
from conversations.shapes import Others, own_message_json, own_message_shape, room_json

# Many


def own_rooms(user: User) -> MembershipQuerySet:
    """The memberships of a user, ready for `rooms_json`: one query."""
    return Membership.objects.of(user).with_room().with_unread().select_related("user")


def rooms_json(memberships: Sequence[Membership]) -> list[dict[str, Any]]:
    """The rooms of these memberships (from `own_rooms`), in their order: two queries, however many they are."""
    last_messages = _last_messages(memberships)
    others = _others(memberships)
    return [
        room_json(
            membership,
            unread_count=membership.unread_count,  # type: ignore[attr-defined]  # an annotation of with_unread
            last_message=last_messages.get(membership.pk),
            others=others.get(membership.room_id, Others()),
        )
        for membership in memberships
    ]


def badge_of(user: User) -> int:
    """The total badge: unread messages of the rooms that are neither muted nor archived."""
    return sum(row[0] for row in _BADGE.rows(user=user.pk, now=times.now()))


_BADGE = Statement(
    lambda: (
        Membership.objects.filter(user_id=Given("user", UUIDField()))
        .listed()
        .badged(Given("now", DateTimeField()))
        .filter(room__head__seq__gt=F("last_read_seq"))  # only there has anything to be counted
        .with_unread()
        .values_list("unread_count")  # type: ignore[misc]  # an annotation of with_unread
    ),
    prepare=False,
)


def _last_messages(memberships: Iterable[Membership]) -> dict[UUID, dict[str, Any]]:
    """By membership: the newest message its member may see, if that is the room's newest."""
    wanted = {membership.pk: message_id for membership in memberships if (message_id := _newest(membership))}
    found = Message.objects.complete().in_bulk(list(wanted.values())) if wanted else {}
    return {pk: own_message_json(found[message_id]) for pk, message_id in wanted.items() if message_id in found}


def _newest(membership: Membership) -> UUID | None:
    head = membership.room.head
    return head.last_message_id if head.seq >= membership.first_visible_seq and membership.is_active else None


def _others(memberships: Sequence[Membership]) -> dict[UUID, Others]:
    """By room: the other members, summed up by the database: a room of 500 costs little more than one of two."""
    rooms = {membership.room_id for membership in memberships}
    viewers = {membership.user_id for membership in memberships}
    if not rooms:
        return {}
    (viewer,) = viewers
    rows = _summed_up(Membership.objects.filter(room__in=rooms).exclude(user=viewer), viewer)
    return {row[0]: _others_of(row) for row in rows}


def _summed_up(memberships: MembershipQuerySet, viewer: Viewer) -> QuerySet[Membership, Any]:
    """Whoever hides receipts must not hold back the ticks of all; where all do, their frozen marks are shown."""
    shows = ~Q(user__privacy__read_receipts=False) | Q(user__privacy__read_receipts__isnull=True)
    pair = Q(room__kind=Room.Kind.DIRECT)
    return (
        memberships.filter(state=Membership.State.MEMBER)
        .order_by()
        .values("room_id")
        .annotate(
            members=Count("pk"),
            delivered=Coalesce(Min("delivered_seq", filter=shows), Min("delivered_seq")),
            read=Coalesce(Min("read_seq", filter=shows), Min("read_seq")),
            peer=Min(Cast("user_id", TextField()), filter=pair),
            username=Min("user__username", filter=pair),
            display_name=Min("user__display_name", filter=pair),
            refusing=Count("pk", filter=pair & refusing(viewer, person="user", prefix="user__")),
        )
        .values_list("room_id", "members", "delivered", "read", "peer", "username", "display_name", "refusing")
    )


def _others_of(row: Row) -> Others:
    _, count, delivered, read, peer, username, display_name, refusing = row
    return Others(count, delivered, read, peer and short_user(UUID(peer), username, display_name), bool(refusing))


# One


def room_of(membership: Membership) -> dict[str, Any]:
    """The room as its member sees it now."""
    return standing_json(standing_of(membership))


def standing_of(membership: Membership) -> Membership:
    """The membership as it is now, with the room and its counters; all in one statement, so they belong together."""
    row = _STANDING.row(membership=membership.pk)
    if row is None:
        raise NotFound
    return _standing(row, membership.user)


def standing_json(membership: Membership) -> dict[str, Any]:
    """The room of a membership from `standing_of`: one to four short statements, because most parts are often empty."""
    others = _OTHERS.row(user=membership.user_id, room=membership.room_id)
    newest = _newest(membership)
    last_message = message_of(newest, membership.room.name) if newest is not None else None
    return room_json(
        membership,
        unread_count=_unread(membership),
        last_message=None if last_message is None else own_message_shape(last_message),
        others=Others() if others is None else _others_of(others),
    )


_PARTS = ((Membership, ""), (Room, "room__"), (RoomHead, "room__head__"), (RoomMarks, "room__marks__"))
_STANDING = Statement(
    lambda: Membership.objects.filter(pk=Given("membership", UUIDField())).values_list(
        *(f"{prefix}{column}" for model, prefix in _PARTS for column in columns_of(model))
    )
)
_OTHERS = Statement(
    lambda: _summed_up(
        Membership.objects.filter(room_id=Given("room", UUIDField())).exclude(user_id=Given("user", UUIDField())),
        Given("user", UUIDField()),
    )
)


def _standing(row: Row, user: User) -> Membership:
    """The membership with its room and the room's counters."""
    found: list[Any] = []
    for model, _ in _PARTS:
        width = len(columns_of(model))
        found.append(model_of(model, row[:width]))
        row = row[width:]
    membership: Membership = found[0]
    _, room, head, marks = found
    membership.user, membership.room, room.head, room.marks = user, room, head, marks
    return membership


def _unread(membership: Membership) -> int:
    """As `with_unread` counts, up to the head that was read before; most often there is nothing to count."""
    low = max(membership.last_read_seq + 1, membership.first_visible_seq)
    if low > membership.room.head.seq:
        return 0
    row = _UNREAD.row(
        room=membership.room_id,
        user=membership.user_id,
        low=low,
        high=membership.room.head.seq,
        end=NO_END if membership.left_rev is None else membership.left_rev,
    )
    return int(row[0]) if row else 0


_UNREAD = Statement(
    lambda: (
        Message.objects.countable()
        .filter(
            room_id=Given("room", UUIDField()),
            seq__gte=Given("low", BigIntegerField()),
            seq__lte=Given("high", BigIntegerField()),
            created_rev__lte=Given("end", BigIntegerField()),
        )
        .exclude(sender_id=Given("user", UUIDField()))
        .order_by()
        .values("room_id")
        .annotate(count=Count("pk"))
        .values_list("count")
    ),
    prepare=False,
)
