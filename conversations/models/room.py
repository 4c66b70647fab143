"""A room and its two counters."""

from typing import ClassVar
from uuid import UUID

from django.db import models

from accounts.models import User
from chatapi import ids, times


class Room(models.Model):
    """A place where messages are in order: between two people, with oneself, or in a group."""

    class Kind(models.TextChoices):
        """What sort of room it is."""

        DIRECT = "direct"
        GROUP = "group"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    name = models.CharField(max_length=64, unique=True, default=ids.room_name, editable=False)
    """The opaque name in URLs."""
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.DIRECT)
    direct_key = models.CharField(max_length=73, unique=True, null=True, editable=False)  # noqa: DJ001 - unique or none
    """Both users' ids in order: a pair has one direct room by construction."""
    title = models.CharField(max_length=100, blank=True)
    """The human name of a group; a direct room is called after the other person."""
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=times.now, editable=False)
    extra = models.JSONField(default=dict, blank=True)
    disappearing_seconds = models.PositiveIntegerField(null=True, blank=True)
    rev = models.BigIntegerField(default=0)
    """The `rev` at which the shared part of the room last changed."""

    def __str__(self) -> str:
        return self.name

    @property
    def topic(self) -> str:
        """What the sockets in this room listen to."""
        return room_topic(self.pk)


class RoomHead(models.Model):
    """The room's counters, in a narrow row of their own: whoever locks it decides what happens next in the room.

    Every durable change takes the next `rev` under this lock, in its own transaction, so commit order is number
    order and a cursor over `rev` cannot miss a row (F33).
    """

    room = models.OneToOneField(Room, on_delete=models.CASCADE, primary_key=True, related_name="head")
    rev = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    """The number of the newest message: messages of a room are 1 to `seq`, without holes."""
    last_message_id = models.UUIDField(null=True)
    last_activity_at = models.DateTimeField(default=times.now)

    def __str__(self) -> str:
        return f"{self.room_id}: rev {self.rev}, seq {self.seq}"


class RoomMarks(models.Model):
    """The counter of receipts, apart from the head so that ticks never queue behind sends."""

    room = models.OneToOneField(Room, on_delete=models.CASCADE, primary_key=True, related_name="marks")
    marks = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural: ClassVar[str] = "room marks"

    def __str__(self) -> str:
        return f"{self.room_id}: marks {self.marks}"


def room_topic(room_id: UUID | str) -> str:
    """The topic of a room known by its id only."""
    return f"room.{room_id}"


def peer_in(key: str | None, user_id: UUID) -> UUID:
    """The other one of a direct room with that `direct_key`; in notes and groups the user."""
    if key is None:
        return user_id
    one, _, other = key.partition(":")
    return UUID(one if other == str(user_id) else other)


def direct_key(one: UUID, other: UUID) -> str:
    """The key of the direct room of two people, whoever asks."""
    return ":".join(sorted((str(one), str(other))))
