"""One call that brings a device up to date: which rooms changed, what changed in them, and what is its user's own.

The numbers are read before the rows, so whatever happens meanwhile is found by the next call. A page has at most
`limits.sync_rooms` rooms, newest activity first; the number of queries does not depend on how many changed.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import User, UserCounter
from accounts.own_frames import chained, own_frames
from chatapi import times
from chatapi.cursors import decode_cursor, encode_cursor, moment_in_cursor
from chatapi.errors import InvalidCursor
from chatapi.limits import limits
from conversations.catchup import Since, chain, merged
from conversations.epoch import current_epoch
from conversations.frames import receipt_frame
from conversations.listing import badge_of, own_rooms, rooms_json
from conversations.models import Membership, Message, Room
from conversations.serializers import MAX_NUMBER

UNDER_WAY = dt.timedelta(seconds=60)
"""A message gets its time before its commit, from a clock of its own: what moved up this recently comes again."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a device has. An empty one is a new device."""

    epoch: str = ""
    me: int = 0
    rooms: Mapping[str, Since] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether this is the bootstrap of a new device."""
        return not self.rooms and not self.me and not self.epoch


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after this room in order of activity. Rooms that moved up since `started_at` come again."""

    activity: dt.datetime
    room_name: str
    started_at: dt.datetime
    me: int
    epoch: str

    def encode(self) -> str:
        """The cursor as opaque text."""
        moments = [self.activity.isoformat(), self.started_at.isoformat()]
        return encode_cursor([*moments, self.room_name, self.me, self.epoch])

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """The cursor that `text` stands for. Raises InvalidCursor."""
        activity, started_at, room_name, me, epoch = decode_cursor(text, 5)
        if type(me) is not int or not 0 <= me <= MAX_NUMBER or not isinstance(room_name, str) or len(str(epoch)) > 64:
            raise InvalidCursor
        return cls(moment_in_cursor(activity), room_name, moment_in_cursor(started_at), me, str(epoch))


def sync(user: User, known: Known, cursor: Cursor | None = None) -> tuple[dict[str, Any], Cursor | None]:
    """The answer to `sync/` and the cursor of the next page.

    A device of another epoch, or one that is ahead of the database, is treated as a new one and told `reset` with the
    first page; one whose epoch ends between two pages gets a first page again.
    """
    me = UserCounter.objects.values_list("me", flat=True).get(user=user)
    epoch = current_epoch()
    reset = (bool(known.epoch) and known.epoch != epoch) or known.me > me
    if cursor is not None and cursor.epoch != epoch:
        reset, cursor = True, None
    if reset:
        known = Known()
    started_at = cursor.started_at if cursor else times.now()
    standings = _standings(user)
    changed = [standing for standing in standings if standing.is_news(known)]
    page, more = _page(changed, cursor)
    answer = {
        "epoch": epoch,
        "reset": reset and cursor is None,
        "badge": badge_of(user),
        "me": _own(cursor.me if cursor else me, []) if cursor or known.is_empty else _own_changes(user, known.me, me),
        "rooms": _rooms(user, page, known),
        "joined": [s.room_name for s in page if not known.is_empty and s.joined_me > known.me],
        "left": {} if cursor else _left(standings, known),
    }
    if not more:
        return answer, None
    return answer, Cursor(page[-1].activity, page[-1].room_name, started_at, cursor.me if cursor else me, epoch)


def _own_changes(user: User, since: int, me: int) -> dict[str, Any]:
    """What is the user's own and not about a room (a room's own settings come with the room).

    Where there is too much for one answer, `rev` is as far as it goes: the next `sync/` gives what follows.
    """
    limit = limits().replay_frames
    frames = chained(own_frames(User.objects.get(pk=user.pk), since, top=me, limit=limit), since)
    complete = len(frames) < limit
    return _own(me if complete else frames[-1]["me"], frames, complete=complete)


def _own(rev: int, changes: list[dict[str, Any]], *, complete: bool = True) -> dict[str, Any]:
    return {"rev": rev, "changes": changes, "complete": complete}


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a room stands for its member: numbers only."""

    room_id: UUID
    room_name: str
    rev: int
    marks: int
    activity: dt.datetime
    is_active: bool
    is_listed: bool
    me_rev: int
    joined_me: int
    joined_rev: int
    left_rev: int | None

    def is_news(self, known: Known) -> bool:
        """Whether the device lacks anything of this room."""
        if not self.is_active:
            return False
        since = known.rooms.get(self.room_name)
        if since is None:
            return self.is_listed
        return (self.rev, self.marks) != (since.rev, since.marks) or self.me_rev > known.me

    def needs_reset(self, since: Since) -> bool:
        """Whether the device's numbers are not of this membership's history."""
        return since.rev > self.rev or since.marks > self.marks or since.rev < self.joined_rev


def _standings(user: User) -> list[_Standing]:
    """All rooms of the user, newest activity first: one narrow query."""
    rows = Membership.objects.of(user).values_list(
        "room_id",
        "room__name",
        "room__head__rev",
        "room__marks__marks",
        "room__head__last_activity_at",
        "state",
        "room__head__seq",
        "first_visible_seq",
        "me_rev",
        "joined_me",
        "joined_rev",
        "left_rev",
    )
    standings = [
        _Standing(
            *(room_id, name, rev, marks, activity),
            is_active=state == Membership.State.MEMBER,
            is_listed=(seq >= first and seq > 0) or (seq == 0 and joined_me > 0),
            me_rev=me_rev,
            joined_me=joined_me,
            joined_rev=joined_rev,
            left_rev=left_rev,
        )
        for room_id, name, rev, marks, activity, state, seq, first, me_rev, joined_me, joined_rev, left_rev in rows
    ]
    return sorted(standings, key=lambda standing: (standing.activity, standing.room_name), reverse=True)


def _page(changed: Sequence[_Standing], cursor: Cursor | None) -> tuple[list[_Standing], bool]:
    if cursor is not None:
        place = (cursor.activity, cursor.room_name)
        since = cursor.started_at - UNDER_WAY
        moved_up = [s for s in changed if s.activity > since and (s.activity, s.room_name) >= place]
        behind = [s for s in changed if (s.activity, s.room_name) < place]
        page = behind[: limits().sync_rooms]
        return [*moved_up, *page] if page else moved_up, len(behind) > len(page)
    page = list(changed[: limits().sync_rooms])
    return page, len(changed) > len(page)


def _left(standings: Iterable[_Standing], known: Known) -> dict[str, int]:
    return {
        standing.room_name: standing.left_rev
        for standing in standings
        if standing.left_rev is not None and standing.room_name in known.rooms and standing.me_rev > known.me
    }


def _rooms(user: User, page: Sequence[_Standing], known: Known) -> dict[str, Any]:
    memberships = {m.room_id: m for m in own_rooms(user).filter(room__in=[s.room_id for s in page])}
    ordered = [memberships[standing.room_id] for standing in page if standing.room_id in memberships]
    rooms = {room["room_name"]: room for room in rooms_json(ordered)}
    spans = {s.room_id: span for s in page if (span := _span(s, known)) is not None}
    changes, receipts = _changes(memberships, spans), _receipts(memberships, spans)
    return {
        standing.room_name: {
            "room": rooms[standing.room_name],
            "rev": standing.rev,
            "marks": standing.marks,
            "changes": changes[standing.room_id],
            "receipts": receipts[standing.room_id],
            "limited": standing.room_id not in spans or spans[standing.room_id].limited,
        }
        for standing in page
        if standing.room_name in rooms
    }


@dataclass(frozen=True, slots=True)
class _Span:
    """The numbers of a room whose rows are given."""

    after: int
    top: int
    marks: int
    limited: bool


def _span(standing: _Standing, known: Known) -> _Span | None:
    """The newest changes the device lacks; None for a room it has to take anew.

    Each number is one fact, so the last N numbers are at most N rows: the span bounds the work without counting.
    """
    since = known.rooms.get(standing.room_name)
    if since is None or standing.needs_reset(since):
        return None
    after = max(since.rev, standing.rev - limits().sync_changes_per_room)
    return _Span(after, standing.rev, since.marks, limited=after > since.rev)


def _changes(memberships: Mapping[UUID, Membership], spans: Mapping[UUID, _Span]) -> dict[UUID, list[dict[str, Any]]]:
    """By room: the frames of its span, in order. Two queries."""
    changes: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    wanted = {room_id: span for room_id, span in spans.items() if span.top > span.after}
    if not wanted:
        return changes
    above = _any_of(Q(room=room_id, rev__gt=span.after, rev__lte=span.top) for room_id, span in wanted.items())
    rows: dict[UUID, list[list[Any]]] = {room_id: [[], [], []] for room_id in wanted}
    for message in Message.objects.complete().filter(above).order_by("rev"):
        if message.seq >= memberships[message.room_id].first_visible_seq:
            rows[message.room_id][0].append(message)
    for member in Membership.objects.filter(above).select_related("user", "room").order_by("rev"):
        rows[member.room_id][1].append(member)
    for room_id, span in wanted.items():
        room: Room = memberships[room_id].room
        rows[room_id][2] = [room] if span.after < room.rev <= span.top else []
        changes[room_id] = [change.as_json(own=True) for change in chain(merged(rows[room_id]), span.after)]
    return changes


def _receipts(memberships: Mapping[UUID, Membership], spans: Mapping[UUID, _Span]) -> dict[UUID, list[dict[str, Any]]]:
    """By room: the receipts the device lacks. One query."""
    receipts: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    wanted = {room_id: span for room_id, span in spans.items() if memberships[room_id].room.marks.marks > span.marks}
    if wanted:
        moved = _any_of(Q(room=room_id, marks__gt=span.marks) for room_id, span in wanted.items())
        for membership in Membership.objects.filter(moved).select_related("user", "room").order_by("marks"):
            receipts[membership.room_id].append(receipt_frame(membership))
    return receipts


def _any_of(conditions: Iterable[Q]) -> Q:
    union = Q()
    for condition in conditions:
        union |= condition
    return union
