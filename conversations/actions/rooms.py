"""Opening rooms, one's own view of them, and leaving them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from accounts.between import between
from accounts.counters import next_me
from accounts.models import User
from chatapi import times
from chatapi.transactions import write_transaction
from conversations import events
from conversations.errors import CannotSend, NotAMember
from conversations.locks import lock_heads
from conversations.models import Membership, Room, RoomHead, RoomMarks
from conversations.models.room import direct_key

OWN_SETTINGS = ["muted_until", "archived", "pinned_at", "marked_unread"]


def open_direct_room(*, user: User, other: User) -> tuple[Membership, bool]:
    """The user's membership in the one direct room of the two, and whether it was made now.

    With oneself it is a room for notes. Two who open it at the same moment get the same room: the unique key of the
    pair decides, and the loser reads the winner's. Raises CannotSend where there is no room yet and the other one is
    not to be written to.
    """
    key = direct_key(user.pk, other.pk)
    found = _show_to_opener(user, key)
    if found is not None:
        return found, False
    if between(user.pk, other.pk).refuses:
        raise CannotSend
    try:
        with write_transaction():
            return _create_direct_room(user, other, key), True
    except IntegrityError:
        winners = _show_to_opener(user, key)
        if winners is None:
            raise
        return winners, False


def _create_direct_room(user: User, other: User, key: str) -> Membership:
    room = Room.objects.create(kind=Room.Kind.DIRECT, direct_key=key, created_by=user)
    RoomHead.objects.create(room=room, last_activity_at=room.created_at)
    RoomMarks.objects.create(room=room)
    me = _next_own(user.pk)
    membership = Membership(room=room, user=user, me_rev=me, joined_me=me)
    Membership.objects.bulk_create([membership] if user == other else [membership, Membership(room=room, user=other)])
    return Membership.objects.with_room().get(pk=membership.pk)


def _show_to_opener(user: User, key: str) -> Membership | None:
    """The room as it exists; a room that showed nothing to `user` so far comes into their list."""
    membership = Membership.objects.with_room().filter(user=user, room__direct_key=key).first()
    if membership is not None and not membership.joined_me:
        with write_transaction():
            locked = Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
            if not locked.joined_me:
                locked.joined_me = locked.me_rev = _next_own(user.pk)
                locked.save(update_fields=["joined_me", "me_rev"])
    return membership


def change_own_settings(*, membership: Membership, changes: Mapping[str, Any]) -> Membership:
    """Changes what only the member sees: `muted_until`, `archived`, `pinned`, `marked_unread`; the rest stays."""
    with write_transaction():
        locked = Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
        before = _own_settings(locked)
        for name, value in changes.items():
            if name == "pinned":
                locked.pinned_at = (locked.pinned_at or times.now()) if value else None
            else:
                setattr(locked, name, value)
        if _own_settings(locked) != before:
            _save_own(locked, OWN_SETTINGS)
    return locked


def _own_settings(membership: Membership) -> list[Any]:
    return [getattr(membership, name) for name in OWN_SETTINGS]


def clear_room(*, membership: Membership) -> Membership:
    """Empties the room for this member alone: the history begins anew after the present head.

    It leaves the list until the next message; one that is empty anyway as if the member had never opened it.
    """
    with write_transaction():
        head = RoomHead.objects.get(room=membership.room_id)
        locked = Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
        locked.first_visible_seq = max(locked.first_visible_seq, head.seq + 1)
        locked.last_read_seq = max(locked.last_read_seq, head.seq)
        locked.marked_unread = False
        if head.seq == 0:
            locked.joined_me = 0
        _save_own(locked, ["first_visible_seq", "last_read_seq", "marked_unread", "joined_me"])
    return locked


def _save_own(membership: Membership, fields: list[str]) -> None:
    membership.me_rev = _next_own(membership.user_id)
    membership.save(update_fields=[*fields, "me_rev"])


def _next_own(user_id: UUID) -> int:
    """The user's next `me` number; their other devices are told."""
    numbers = next_me([user_id])
    events.own_changed(numbers)
    return numbers[user_id]


def change_room(*, membership: Membership, changes: dict[str, Any]) -> Room:
    """Changes the shared part (`extra`) of a room. Raises NotAMember."""
    with write_transaction():
        head = lock_heads([membership.room_id])[membership.room_id]
        _require_active(membership)
        room = Room.objects.get(pk=head.room_id)  # after the lock: what came with it may be older
        if all(getattr(room, name) == value for name, value in changes.items()):
            return room
        head.rev += 1
        head.save(update_fields=["rev"])
        for name, value in changes.items():
            setattr(room, name, value)
        room.rev = head.rev
        room.save(update_fields=[*changes, "rev"])
        events.room_updated(room)
    return room


def end_membership(*, room_id: UUID, user: User, state: Membership.State) -> Membership:
    """Ends somebody's time in a room: no message of theirs has a later number, no later event reaches them.

    Raises NotAMember when it has ended already.
    """
    with write_transaction():
        head = lock_heads([room_id])[room_id]
        membership = (
            Membership.objects.select_related("user", "room")
            .select_for_update(no_key=True, of=("self",))
            .filter(room=room_id, user=user, state=Membership.State.MEMBER)
            .first()
        )
        if membership is None:
            raise NotAMember
        head.rev += 1
        head.save(update_fields=["rev"])
        membership.state = state
        membership.rev = membership.left_rev = head.rev
        membership.me_rev = _next_own(user.pk)
        membership.save(update_fields=["state", "rev", "left_rev", "me_rev"])
        events.member_changed(membership)
    return membership


def _require_active(membership: Membership) -> None:
    if not Membership.objects.filter(pk=membership.pk, state=Membership.State.MEMBER).exists():
        raise NotAMember
