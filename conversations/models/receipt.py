"""When a mark moved: what a message's info is read from."""

from typing import ClassVar

from django.db import models

from accounts.models import User
from chatapi import times
from conversations.models.room import Room


class Receipt(models.Model):
    """One move of a public mark: everything up to `seq` was delivered to, or read by, the user at that moment."""

    class Kind(models.TextChoices):
        """Which mark moved."""

        DELIVERED = "delivered"
        READ = "read"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    seq = models.BigIntegerField()
    at = models.DateTimeField(default=times.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "user", "kind", "seq"], name="conversations_receipt_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.seq}"
