"""Pages of rooms and of messages: by place, never by offset."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import BooleanField, Case, Q, Value, When

from accounts.models import User
from chatapi.cursors import decode_cursor, encode_cursor, moment_in_cursor
from chatapi.errors import InvalidCursor
from conversations.listing import own_rooms
from conversations.message_rows import messages_between
from conversations.models.membership import NO_END, Membership, MembershipQuerySet
from conversations.shapes import MessageValues


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page and the queries of its neighbours; None where there is no neighbour."""

    rows: list[Any]
    next: dict[str, Any] | None
    previous: dict[str, Any] | None

    def links(self, path: str) -> dict[str, str | None]:
        """`next` and `previous` as path-absolute links."""
        return {
            "next": None if self.next is None else f"{path}?{urlencode(self.next)}",
            "previous": None if self.previous is None else f"{path}?{urlencode(self.previous)}",
        }


# Messages, by seq


def message_page(membership: Membership, room_name: str, query: Mapping[str, Any]) -> Page:
    """The page of a room's messages that `query` (a checked MessageQuery) asks for, as the member may see it."""
    limit: int = query["limit"]
    visible = partial(messages_between, membership, room_name)
    if "around" in query:
        half, border = limit // 2, query["around"] + 1
        older = visible(high=border, ascending=False, limit=limit - half + 1)
        newer = visible(low=border, ascending=True, limit=half + 1)
        rows = [*reversed(older[: limit - half]), *newer[:half]]
        return _page_of(rows, limit, later=len(newer) > half, earlier=len(older) > limit - half, ascending=True)
    if "after" in query:
        rows = visible(low=query["after"] + 1, ascending=True, limit=limit + 1)
        return _page_of(rows[:limit], limit, later=len(rows) > limit, earlier=query["after"] > 0, ascending=True)
    rows = visible(high=query.get("before", NO_END), ascending=False, limit=limit + 1)
    return _page_of(rows[:limit], limit, later="before" in query, earlier=len(rows) > limit, ascending=False)


def _page_of(rows: list[MessageValues], limit: int, *, later: bool, earlier: bool, ascending: bool) -> Page:
    after = {"after": max(rows[0].seq, rows[-1].seq), "limit": limit} if later and rows else None
    before = {"before": min(rows[0].seq, rows[-1].seq), "limit": limit} if earlier and rows else None
    return Page(rows, after, before) if ascending else Page(rows, before, after)


# Rooms: pinned first, then by activity


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the list of rooms, and in which direction to go from there."""

    pinned: bool
    activity: dt.datetime
    room_id: UUID
    backwards: bool = False

    def encode(self) -> str:
        return encode_cursor([self.pinned, self.activity.isoformat(), str(self.room_id), self.backwards])

    @classmethod
    def decode(cls, cursor: str) -> "_Place":
        pinned, activity, room_id, backwards = decode_cursor(cursor, 4)
        try:
            return cls(bool(pinned), moment_in_cursor(activity), UUID(room_id), bool(backwards))
        except (TypeError, ValueError, AttributeError):
            raise InvalidCursor from None

    @property
    def beyond(self) -> Q:
        """What lies behind this place, in its direction."""
        side = "gt" if self.backwards else "lt"
        behind = Q(is_pinned=self.pinned) & (
            Q(**{f"room__head__last_activity_at__{side}": self.activity})
            | Q(room__head__last_activity_at=self.activity, **{f"room_id__{side}": self.room_id})
        )
        if self.pinned != self.backwards:
            behind |= Q(is_pinned=not self.pinned)
        return behind


def room_page(user: User, query: Mapping[str, Any]) -> Page:
    """The page of the user's rooms that `query` (a checked RoomQuery) asks for, as memberships."""
    limit: int = query["limit"]
    place = _Place.decode(query["cursor"]) if "cursor" in query else None
    backwards = place is not None and place.backwards
    rooms = _filtered(user, query)
    if place is not None:
        rooms = rooms.filter(place.beyond)
    rows = list(rooms.order_by(*(_BACKWARDS if backwards else _FORWARDS))[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    filters = {name: str(query[name]).lower() for name in ("kind", "archived") if query.get(name) is not None}
    filters["limit"] = str(limit)
    return Page(
        rows,
        _neighbour(rows[-1], filters, backwards=False) if rows and (more or backwards) else None,
        _neighbour(rows[0], filters, backwards=True) if rows and (more if backwards else place is not None) else None,
    )


_FORWARDS = ("-is_pinned", "-room__head__last_activity_at", "-room_id")
_BACKWARDS = ("is_pinned", "room__head__last_activity_at", "room_id")


def _filtered(user: User, query: Mapping[str, Any]) -> MembershipQuerySet:
    rooms = own_rooms(user).listed()
    if "kind" in query:
        rooms = rooms.filter(room__kind=query["kind"])
    if query["archived"] is not None:
        rooms = rooms.filter(archived=query["archived"])
    pinned = Case(When(pinned_at=None, then=Value(False)), default=Value(True), output_field=BooleanField())
    return rooms.annotate(is_pinned=pinned)


def _neighbour(row: Any, filters: dict[str, str], *, backwards: bool) -> dict[str, str]:
    place = _Place(row.is_pinned, row.room.head.last_activity_at, row.room_id, backwards)
    return filters | {"cursor": place.encode()}
