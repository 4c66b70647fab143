"""Sending. One way for everything that becomes a message: a list of drafts in one transaction."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple
from uuid import UUID

from accounts.counters import next_me
from accounts.models import User
from chatapi import ids, json, metrics, times
from chatapi.errors import InvalidInput, NotFound, Problem, Unavailable
from chatapi.transactions import write_transaction
from conversations import events
from conversations.errors import CannotSend, ClientIdReused, NotAMember
from conversations.locks import RoomIsLocked
from conversations.models import Membership, Message
from conversations.statements import (
    Head,
    Key,
    Pair,
    Standing,
    insert_messages,
    lock_rooms,
    refused,
    save_heads,
    standings,
)


@dataclass(slots=True)
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


class Sent(NamedTuple):
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
    for a room the sender never was in, NotAMember after leaving it, CannotSend where the other one of a direct room
    is not to be written to, ClientIdReused for another body under the same `client_id`, InvalidInput for a `reply_to`
    that is not a message of the room. With `pass_by_locked`, RoomIsLocked for a room that another transaction has:
    send those again, on their own.
    """
    with write_transaction():
        batch = _Batch(drafts, pass_by_locked=pass_by_locked)
        outcomes = [batch.settle(draft) for draft in drafts]
        batch.store()
    return outcomes


class _Batch:
    """One transaction's worth of drafts. Building it takes the locks and then reads, in that order."""

    def __init__(self, drafts: Sequence[Draft], *, pass_by_locked: bool) -> None:
        self._heads = lock_rooms((draft.room_id for draft in drafts), pass_by_locked=pass_by_locked)
        self._pass_by_locked = pass_by_locked
        self._standings = standings({draft.key for draft in drafts})
        self._refused = refused(pair for draft in drafts if (pair := self._pair_of(draft)) is not None)
        self._known = _earlier(self._standings)
        self._quotable = _quotable(draft for draft in drafts if draft.key not in self._known)
        self._new: list[Message] = []
        self._opened: list[UUID] = []
        self._at = times.now()

    def _pair_of(self, draft: Draft) -> Pair | None:
        """Sender and recipient of a draft in a direct room."""
        head = self._heads.get(draft.room_id)
        peer = draft.sender.pk if head is None else head.peer_of(draft.sender.pk)
        return None if peer == draft.sender.pk else (draft.sender.pk, peer)

    def settle(self, draft: Draft) -> Outcome:
        """Decides one draft; a new message takes its numbers here."""
        head = self._heads.get(draft.room_id)
        if head is None and self._pass_by_locked:
            return RoomIsLocked()
        key = draft.key
        known = self._known.get(key)
        if known is not None:
            return Sent(known, created=False) if known.fingerprint == draft.fingerprint else ClientIdReused()
        standing = self._standings[key]
        if head is None or standing.sender is None:
            return NotFound()
        problem = self._refusal(draft, standing)
        if problem is not None:
            return problem
        message = self._known[key] = self._number(draft, head, standing.sender)
        self._new.append(message)
        return Sent(message, created=True)

    def _refusal(self, draft: Draft, standing: Standing) -> Problem | None:
        if not standing.is_member:
            return NotAMember()
        if self._refused and self._pair_of(draft) in self._refused:
            return CannotSend()
        if draft.reply_to is not None:
            quoted = self._quotable.get(draft.reply_to)
            if quoted is None or quoted.room_id != draft.room_id or quoted.seq < standing.first_visible_seq:
                return InvalidInput.field("reply_to", "does_not_exist", "There is no such message in this room.")
        return None

    def _number(self, draft: Draft, head: Head, sender: User) -> Message:
        """The message, with the room's next numbers; its sender is as stored now: a socket's user may be hours old."""
        if head.seq == 0:
            self._opened.append(draft.room_id)
        head.seq += 1
        head.rev += 1
        quoted = self._quotable.get(draft.reply_to) if draft.reply_to else None
        message = _new_message(
            room_id=draft.room_id,
            seq=head.seq,
            rev=head.rev,
            created_rev=head.rev,
            client_id=draft.client_id,
            fingerprint=draft.fingerprint,
            sender_id=sender.pk,
            text=draft.text,
            reply_to_id=quoted.pk if quoted is not None else None,
            extra=draft.extra,
            created_at=self._at,
        )
        message._state.fields_cache = {"room": head.room, "sender": sender, "reply_to": quoted}
        head.last_message_id = message.pk
        return message

    def store(self) -> None:
        """Writes what was decided, and tells it after the commit."""
        if not self._new:
            return
        insert_messages(self._new)
        save_heads(self._heads.values(), self._at)
        if self._opened:
            _enter_lists(self._opened)
        events.messages_created(self._new)
        metrics.messages_sent_total.inc(len(self._new))


_BLANK: dict[str, Any] = {field.attname: None for field in Message._meta.concrete_fields} | {
    "kind": Message.Kind.TEXT,
    "forward_count": 0,
}


def _new_message(**columns: Any) -> Message:
    """A text message; given by position, which Django takes in a third of the time."""
    values: list[Any] = list((_BLANK | {"id": ids.uuid7()} | columns).values())
    return Message(*values)  # type: ignore[misc]


def _earlier(standings: Mapping[Key, Standing]) -> dict[Key, Message]:
    """The messages that exist already under the drafts' keys."""
    there = {key: standing.earlier for key, standing in standings.items() if standing.earlier is not None}
    rows = Message.objects.complete().in_bulk(list(there.values())) if there else {}
    return {key: rows[message_id] for key, message_id in there.items()}


def _quotable(drafts: Iterable[Draft]) -> dict[UUID, Message]:
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
