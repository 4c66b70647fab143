"""A changed address, and for how long the change can be taken back."""

import datetime as dt

from django.conf import settings
from django.db import models

from accounts.identifiers import MAX_EMAIL
from accounts.models.user import User
from chatapi import ids, times


def undo_until() -> dt.datetime:
    """Until when a change of this moment can be taken back."""
    return times.now() + dt.timedelta(days=settings.EMAIL_UNDO_DAYS)


class EmailChange(models.Model):
    """One change of an account's address. Who reads the old mailbox can take it back, once, until `expires_at`."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="email_changes")
    old_email = models.CharField(max_length=MAX_EMAIL)
    at = models.DateTimeField(default=times.now, editable=False)
    expires_at = models.DateTimeField(default=undo_until, db_index=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    """When it was taken back, or when an earlier one was, which takes the later ones along."""

    def __str__(self) -> str:
        return f"{self.user_id} at {self.at}"
