"""Sending. One way for everything that becomes a message: a list of drafts in one transaction."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from uuid import UUID

from accounts.counters import next_me
from accounts.models import User
from chatapi import ids, json, metrics, times
from chatapi.errors import InvalidInput, NotFound, Problem, Unavailable
from chatapi.transactions import write_transaction
from conversations import events
from conversations.errors import ClientIdReused, NotAMember
from conversations.locks import RoomIsLocked, lock_heads, save_heads
from conversations.models import Membership, Message

Key = tuple[UUID, UUID, UUID]
"""Sender, room, client id: one message, for ever."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say, already validated as input."""

    room_id: UUID
    sender: User
    client_id: UUID = field(default_factory=ids.uuid7)
    text: str = ""
    reply_to: UUID | None = None
    extra: dict[str, object] | None = None

    @property
    def key(self) -> Key:
        """What makes a repeat a repeat."""
        return self.sender.pk, self.room_id, self.client_id

    @property
    def fingerprint(self) -> str:
        """A digest of the body."""
        body = [self.text, str(self.reply_to or ""), self.extra or {}]
        return hashlib.sha256(json.dump_canonical(body)).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is stored, by this call or by an earlier one with the same `client_id`."""

    message: Message
    created: bool


Outcome = Sent | Problem | RoomIsLocked


def send_message(*, draft: Draft) -> Sent:
    """Stores one message. Raises what `send_messages` answers for a draft that cannot be sent."""
    (outcome,) = send_messages(drafts=[draft])
    if isinstance(outcome, Sent):
        return outcome
    raise outcome if isinstance(outcome, Problem) else Unavailable


def send_messages(*, drafts: Sequence[Draft], pass_by_locked: bool = False) -> list[Outcome]:
    """Stores messages in one transaction, in the order given; a draft that cannot be sent harms no other.

    A repeat is answered with the message as it is now, even after its sender has left the room. Otherwise: NotFound
    for a room the sender never was in, NotAMember after leaving it, ClientIdReused for another body under the same
    `client_id`, InvalidInput for a `reply_to` that is not a message of the room. With `pass_by_locked`, RoomIsLocked
    for a room that another transaction has: send those again, on their own.
    """
    with write_transaction():
        batch = _Batch(drafts, pass_by_locked=pass_by_locked)
        outcomes = [batch.settle(draft) for draft in drafts]
        batch.store()
    return outcomes


class _Batch:
    """One transaction's worth of drafts. Building it takes the locks and then reads, in that order."""

    def __init__(self, drafts: Sequence[Draft], *, pass_by_locked: bool) -> None:
        self._heads = lock_heads((draft.room_id for draft in drafts), pass_by_locked=pass_by_locked)
        self._pass_by_locked = pass_by_locked
        self._known = _earlier(drafts)
        fresh = [draft for draft in drafts if draft.key not in self._known]
        self._memberships = _memberships(fresh)
        self._quotable = _quotable(fresh)
        self._new: list[Message] = []
        self._opened: list[UUID] = []
        self._at = times.now()

    def settle(self, draft: Draft) -> Outcome:
        """Decides one draft; a new message takes its numbers here."""
        if self._pass_by_locked and draft.room_id not in self._heads:
            return RoomIsLocked()
        known = self._known.get(draft.key)
        if known is not None:
            return Sent(known, created=False) if known.fingerprint == draft.fingerprint else ClientIdReused()
        membership = self._memberships.get((draft.room_id, draft.sender.pk))
        problem = self._refusal(draft, membership)
        if problem is not None or membership is None:
            return problem or NotFound()
        message = self._known[draft.key] = self._number(draft, membership.user)
        self._new.append(message)
        return Sent(message, created=True)

    def _refusal(self, draft: Draft, membership: Membership | None) -> Problem | None:
        if membership is None:
            return NotFound()
        if not membership.is_active:
            return NotAMember()
        if draft.reply_to is not None:
            quoted = self._quotable.get(draft.reply_to)
            if quoted is None or quoted.room_id != draft.room_id or quoted.seq < membership.first_visible_seq:
                return InvalidInput.field("reply_to", "does_not_exist", "There is no such message in this room.")
        return None

    def _number(self, draft: Draft, sender: User) -> Message:
        head = self._heads[draft.room_id]
        if head.seq == 0:
            self._opened.append(head.room_id)
        head.seq += 1
        head.rev += 1
        message = Message(
            room=head.room,
            seq=head.seq,
            rev=head.rev,
            created_rev=head.rev,
            client_id=draft.client_id,
            fingerprint=draft.fingerprint,
            sender=sender,  # as stored now: a socket's user may be hours old
            text=draft.text,
            reply_to=self._quotable.get(draft.reply_to) if draft.reply_to else None,
            extra=draft.extra,
            created_at=self._at,
        )
        head.last_message_id = message.pk
        head.last_activity_at = self._at
        return message

    def store(self) -> None:
        """Writes what was decided, and tells it after the commit."""
        if not self._new:
            return
        Message.objects.bulk_create(self._new)
        save_heads([self._heads[room_id] for room_id in {message.room_id for message in self._new}])
        if self._opened:
            _enter_lists(self._opened)
        events.messages_created(self._new)
        metrics.messages_sent_total.inc(len(self._new))


def _earlier(drafts: Iterable[Draft]) -> dict[Key, Message]:
    """The messages that exist already under the drafts' keys."""
    wanted = {draft.key for draft in drafts}
    rows = Message.objects.complete().filter(
        sender__in={key[0] for key in wanted},
        room__in={key[1] for key in wanted},
        client_id__in={key[2] for key in wanted},
    )
    found = {(row.sender_id, row.room_id, row.client_id): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}


def _memberships(drafts: Sequence[Draft]) -> dict[tuple[UUID, UUID], Membership]:
    if not drafts:
        return {}
    rows = Membership.objects.select_related("user").filter(
        room__in={draft.room_id for draft in drafts}, user__in={draft.sender.pk for draft in drafts}
    )
    return {(row.room_id, row.user_id): row for row in rows}


def _quotable(drafts: Sequence[Draft]) -> dict[UUID, Message]:
    wanted = {draft.reply_to for draft in drafts if draft.reply_to is not None}
    return Message.objects.complete().in_bulk(list(wanted)) if wanted else {}


def _enter_lists(room_ids: Iterable[UUID]) -> None:
    """With its first message a room comes into the lists of those who did not open it: one number per room.

    The memberships are locked before any counter, as everywhere; the first round takes the counters of all.
    """
    rows = Membership.objects.filter(room__in=list(room_ids), joined_me=0).order_by("room_id", "user_id")
    newcomers: dict[UUID, list[Membership]] = defaultdict(list)
    for membership in rows.select_for_update(no_key=True):
        newcomers[membership.user_id].append(membership)
    for one_each in zip_longest(*newcomers.values()):
        entering = [membership for membership in one_each if membership is not None]
        numbers = next_me(membership.user_id for membership in entering)
        for membership in entering:
            membership.joined_me = membership.me_rev = numbers[membership.user_id]
        Membership.objects.bulk_update(entering, ["joined_me", "me_rev"])
        events.own_changed(numbers)
