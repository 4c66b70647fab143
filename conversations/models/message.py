"""What was said, in the order of the room."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import User
from chatapi import ids, times
from conversations.models.room import Room


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages by what they count for."""

    def countable(self) -> "MessageQuerySet":
        """Those that can be unread: not system messages, not deleted, not expired."""
        return self.filter(~Q(kind=Message.Kind.SYSTEM), deleted_at__isnull=True)

    def complete(self) -> "MessageQuerySet":
        """With everything that one JSON shape shows."""
        return self.select_related("sender", "reply_to__sender", "room")


class Message(models.Model):
    """One message. Deleted or expired, it stays as a tombstone that keeps `seq` and `client_id`."""

    class Kind(models.TextChoices):
        """What the message is made of."""

        TEXT = "text"
        MEDIA = "media"
        SYSTEM = "system"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.BigIntegerField()
    """The dense place in the room, from 1."""
    rev = models.BigIntegerField()
    """The room's `rev` at which the message last changed."""
    created_rev = models.BigIntegerField()
    """The room's `rev` it was created at, so that "new to you" can be told from "changed"."""
    client_id = models.UUIDField()
    """Made by the client, once per message: what makes a repeat harmless."""
    fingerprint = models.CharField(max_length=32)
    """Digest of the body as it was sent, to tell a repeat from another message under the same `client_id`."""
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TEXT)
    sender = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.TextField(blank=True)
    reply_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    system = models.JSONField(null=True)
    content = models.JSONField(null=True)
    context = models.JSONField(null=True)
    extra = models.JSONField(null=True)
    forward_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=times.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "seq"], name="conversations_message_seq"),
            models.UniqueConstraint(fields=["sender", "room", "client_id"], name="conversations_message_client_id"),
            models.CheckConstraint(condition=Q(rev__gte=F("created_rev")), name="conversations_message_rev"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["room", "rev"], name="conversations_message_rev_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.room_id} #{self.seq}"
