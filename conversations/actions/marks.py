"""Ticks and badges: how far a member has received and read. Marks only go forward and never past the head."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from accounts.between import between_many
from accounts.counters import next_me
from accounts.models import User
from chatapi import times
from chatapi.transactions import write_transaction
from conversations import events
from conversations.locks import lock_marks
from conversations.models import Membership, Receipt, RoomMarks
from conversations.models.membership import MembershipQuerySet
from conversations.models.room import peer_in

Kind = Receipt.Kind

ROOMS_AT_ONCE = 100


def mark_delivered(*, user: User, seqs: Mapping[UUID, int]) -> list[Membership]:
    """Says that everything up to `seqs[room_id]` has reached a device of `user`. Rooms they are not in are left out.

    Many rooms take several transactions, so that nobody else waits long for one of them.
    """
    order = sorted(seqs)
    parts = [order[start : start + ROOMS_AT_ONCE] for start in range(0, len(order), ROOMS_AT_ONCE)]
    return [moved for part in parts for moved in _move(user, {pk: seqs[pk] for pk in part}, Kind.DELIVERED)]


def mark_read(*, user: User, seqs: Mapping[UUID, int]) -> list[Membership]:
    """Says that `user` has read everything up to `seqs[room_id]`, which also was delivered then.

    The private mark, which badges are counted from, always moves; the public one, which others see, only while the
    user shows receipts.
    """
    return _move(user, seqs, Kind.READ)


def _move(user: User, seqs: Mapping[UUID, int], kind: Kind) -> list[Membership]:
    memberships = list(_active(user, seqs))
    _silence(user, memberships)
    if not any(_moves(membership, kind, seqs) for membership in memberships):
        return memberships
    found = {membership.pk: (membership.is_silent, membership.keeps_reads) for membership in memberships}
    with write_transaction():
        counters = lock_marks(seqs)
        memberships = list(_active(user, seqs).select_for_update(no_key=True, of=("self",)))
        for membership in memberships:
            membership.is_silent, membership.keeps_reads = found.get(membership.pk, (False, False))
        moved = [membership for membership in memberships if _moves(membership, kind, seqs)]
        shown = [membership for membership in moved if _advance(membership, kind, seqs)]
        if moved:  # another device may have been faster
            _store(user, moved, shown, counters, kind)
    return memberships


def _silence(user: User, memberships: Sequence[Membership]) -> None:
    """Notes the direct rooms in which no receipt goes out, because one of the two has blocked the other.

    And those in which nothing read is shown, because the other one hides receipts and so sees none either.
    """
    peers = {membership.pk: peer_in(membership.room.direct_key, user.pk) for membership in memberships}
    others = between_many(user.pk, peers.values())
    for membership in memberships:
        other = others.get(peers[membership.pk])
        membership.is_silent = other is not None and other.is_blocked
        membership.keeps_reads = other is not None and not other.shows_receipts


def _active(user: User, seqs: Mapping[UUID, int]) -> MembershipQuerySet:
    return (
        Membership.objects.filter(user=user, room__in=list(seqs), state=Membership.State.MEMBER)
        .select_related("room__head", "user")
        .order_by("room_id")
    )


def _target(membership: Membership, seqs: Mapping[UUID, int]) -> int:
    return min(seqs[membership.room_id], membership.room.head.seq)


def _moves(membership: Membership, kind: Kind, seqs: Mapping[UUID, int]) -> bool:
    target = _target(membership, seqs)
    if kind == Kind.READ and (target > membership.last_read_seq or membership.marked_unread):
        return True
    return target > membership.delivered_seq and not membership.is_silent


def _advance(membership: Membership, kind: Kind, seqs: Mapping[UUID, int]) -> bool:
    """Moves the marks in memory; True when others can see it."""
    target = _target(membership, seqs)
    before = (membership.delivered_seq, membership.read_seq)
    if not membership.is_silent:
        membership.delivered_seq = max(membership.delivered_seq, target)
    if kind == Kind.READ:
        membership.last_read_seq = max(membership.last_read_seq, target)
        membership.marked_unread = False
        shows = membership.user.choice("read_receipts")  # as stored now; a socket's user may be hours old
        if shows and not (membership.is_silent or membership.keeps_reads):
            membership.read_seq = max(membership.read_seq, target)
    return before != (membership.delivered_seq, membership.read_seq)


def _store(
    user: User,
    moved: Sequence[Membership],
    shown: Sequence[Membership],
    counters: Mapping[UUID, RoomMarks],
    kind: Kind,
) -> None:
    for membership in shown:
        counter = counters[membership.room_id]
        counter.marks += 1
        membership.marks = counter.marks
    if kind == Kind.READ:
        numbers = next_me([user.pk])
        for membership in moved:
            membership.me_rev = numbers[user.pk]
        events.own_changed(numbers)
    RoomMarks.objects.bulk_update([counters[membership.room_id] for membership in shown], ["marks"])
    Membership.objects.bulk_update(
        moved, ["delivered_seq", "last_read_seq", "read_seq", "marked_unread", "marks", "me_rev"]
    )
    Receipt.objects.bulk_create(
        [receipt for membership in shown for receipt in _receipts(membership, kind)], ignore_conflicts=True
    )
    events.receipts_moved(shown)


def _receipts(membership: Membership, kind: Kind) -> list[Receipt]:
    at = times.now()
    marks = {Kind.DELIVERED: membership.delivered_seq}
    if kind == Kind.READ:
        marks[Kind.READ] = membership.read_seq
    return [
        Receipt(room_id=membership.room_id, user_id=membership.user_id, kind=which, seq=seq, at=at)
        for which, seq in marks.items()
        if seq
    ]
