"""Who is in a room, and everything that depends on who looks."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import BigIntegerField, Count, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import User
from chatapi import ids, times
from chatapi.errors import NotFound
from chatapi.statements import Given, Statement, columns_of, model_of
from conversations.models.message import Message, MessageQuerySet
from conversations.models.room import Room

NO_END = 2**62
"""Above every number: the end of a membership that has not ended."""


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships as their owner meets them."""

    def of(self, user: User) -> "MembershipQuerySet":
        """The rooms a user may know of: their own, and those they were once in."""
        return self.filter(user=user)

    def listed(self) -> "MembershipQuerySet":
        """Those that belong in the owner's list: still a member, and not a room that shows nothing to them.

        A room nobody wrote in yet shows only to those who opened it; a cleared one again with the next message.
        """
        return self.filter(state=Membership.State.MEMBER).filter(
            Q(room__head__seq__gte=F("first_visible_seq"), room__head__seq__gt=0)
            | Q(room__head__seq=0, joined_me__gt=0)
        )

    def badged(self, at: Any) -> "MembershipQuerySet":
        """Those that count for the total badge at that moment: neither muted nor archived."""
        return self.filter(Q(muted_until=None) | Q(muted_until__lte=at), archived=False)

    def with_room(self) -> "MembershipQuerySet":
        """With the room and its counters."""
        return self.select_related("room__head", "room__marks")

    def with_unread(self) -> "MembershipQuerySet":
        """With `unread_count`, counted from the rows above the read mark: it is never stored, so it cannot drift."""
        unread = (
            Message.objects.countable()
            .filter(
                room=OuterRef("room"),
                seq__gt=OuterRef("last_read_seq"),
                seq__gte=OuterRef("first_visible_seq"),
                created_rev__lte=Coalesce(OuterRef("left_rev"), Value(NO_END)),
            )
            .exclude(sender=OuterRef("user"))
            .order_by()
            .values("room")
            .annotate(count=Count("pk"))
            .values("count")
        )
        return self.annotate(unread_count=Coalesce(Subquery(unread), Value(0), output_field=BigIntegerField()))

    def in_room(self, user: User, room_name: str) -> "Membership":
        """As `membership_in`, with what this query set loads beside it."""
        membership = self.of(user).filter(room__name=room_name).first() if ids.is_room_name(room_name) else None
        if membership is None:
            raise NotFound
        return membership


class Membership(models.Model):
    """One person in one room: role, marks, own settings, and where their history begins."""

    class State(models.TextChoices):
        """Where the person stands."""

        MEMBER = "member"
        INVITED = "invited"
        REQUESTED = "requested"
        LEFT = "left"
        REMOVED = "removed"

    class Role(models.TextChoices):
        """What the person may do in a group."""

        MEMBER = "member"
        ADMIN = "admin"
        OWNER = "owner"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    state = models.CharField(max_length=10, choices=State.choices, default=State.MEMBER)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(default=times.now, editable=False)

    joined_rev = models.BigIntegerField(default=0)
    """The room's `rev` at which this membership began; a client that knows less takes the room anew."""
    left_rev = models.BigIntegerField(null=True, blank=True)
    """The room's `rev` at which it ended: the person sees rows up to here."""
    rev = models.BigIntegerField(default=0)
    """The room's `rev` at which this row last changed for everybody."""
    first_visible_seq = models.BigIntegerField(default=1)
    """The floor: where the history begins for this person (joined later, or cleared)."""

    last_read_seq = models.BigIntegerField(default=0)
    """The private mark: badges are counted from here."""
    read_seq = models.BigIntegerField(default=0)
    """The public mark: what others see as read, only moved while the person shows receipts."""
    delivered_seq = models.BigIntegerField(default=0)
    marks = models.BigIntegerField(default=0)
    """The room's `marks` at which the public marks last moved."""

    muted_until = models.DateTimeField(null=True, blank=True)
    archived = models.BooleanField(default=False)
    pinned_at = models.DateTimeField(null=True, blank=True)
    marked_unread = models.BooleanField(default=False)
    me_rev = models.BigIntegerField(default=0)
    """The user's `me` at which anything of their own in this room last changed."""
    joined_me = models.BigIntegerField(default=0)
    """The user's `me` at which the room came into their list; 0 while it has not."""

    is_silent = False
    """Whether no receipt of this person goes out just now (`actions.marks`); not stored."""
    keeps_reads = False
    """Whether the other one is not shown what this person reads; not stored."""

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "user"], name="conversations_membership_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "me_rev"], name="conversations_membership_me"),
            models.Index(fields=["room", "marks"], name="conversations_membership_marks"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id}"

    @property
    def is_active(self) -> bool:
        """Whether the person is in the room now."""
        return self.state == self.State.MEMBER

    def visible_messages(self) -> MessageQuerySet:
        """The messages of the room between the beginning of this person's history and the end of their membership."""
        messages = Message.objects.filter(room=self.room_id, seq__gte=self.first_visible_seq)
        if self.left_rev is not None:
            messages = messages.filter(created_rev__lte=self.left_rev)
        return messages

    @property
    def floor(self) -> int:
        """The first message this person may see; 0 when they see all, which spares sockets a comparison."""
        return self.first_visible_seq if self.first_visible_seq > 1 else 0

    def sees(self, rev: int) -> bool:
        """Whether a row with that `rev` is before the end of this membership."""
        return self.left_rev is None or rev <= self.left_rev


def membership_in(user: User, room_name: str) -> Membership:
    """The user's membership in the room of that name, ended or not. Raises NotFound for everybody else's."""
    row = _IN_ROOM.row(user=user.pk, room=room_name) if ids.is_room_name(room_name) else None
    if row is None:
        raise NotFound
    membership = model_of(Membership, row)
    membership.user = user
    return membership


_IN_ROOM = Statement(
    lambda: Membership.objects.filter(
        user_id=Given("user", models.UUIDField()), room__name=Given("room", models.CharField())
    ).values_list(*columns_of(Membership))
)


def member_ids(room_id: UUID) -> "models.QuerySet[Membership, UUID]":
    """The ids of who is in a room now."""
    return Membership.objects.filter(room=room_id, state=Membership.State.MEMBER).values_list("user_id", flat=True)
