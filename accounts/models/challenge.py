"""Proof by code: what was asked, who asked, and how often it was tried."""

import datetime as dt
import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models

from accounts.identifiers import MAX_DISPLAY_NAME, MAX_EMAIL, masked_email, masked_number
from accounts.models.folded_field import FoldedField
from accounts.models.user import User
from chatapi import ids, times


def challenge_id() -> str:
    """An unguessable handle of 192 bits."""
    return secrets.token_urlsafe(24)


class Registration(models.Model):
    """An account that somebody asked for and has not proven yet.

    Several may name the same address: whoever reads its mail decides which one becomes the account, and the unique
    columns of `User` decide races.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    email = models.CharField(max_length=MAX_EMAIL, db_index=True)
    username = models.CharField(max_length=30)
    username_key = FoldedField(max_length=30, source="username", db_index=True, editable=False)
    password = models.CharField(max_length=128)
    """Hashed."""
    mobile_number = models.CharField(max_length=16, blank=True)
    display_name = models.CharField(max_length=MAX_DISPLAY_NAME, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.username


class ChallengeQuerySet(models.QuerySet["Challenge"]):
    """Challenges by their state."""

    def open(self, at: dt.datetime) -> "ChallengeQuerySet":
        """Those that a code may still be tried on."""
        return self.filter(used_at__isnull=True, expires_at__gt=at, attempts__lt=settings.CODE_TRIES)


class Challenge(models.Model):
    """A code that was asked for. The code itself is made in the job that mails it; only its keyed hash is kept.

    A registration for an address that has an account gets a decoy, told from others by its `user`, the owner of that
    account: it answers like any other but never has a code; the owner is told by mail instead. Asking for a new
    password for an address without an account gets one, too, told by its having no `user`.
    """

    class Purpose(models.TextChoices):
        """What the code proves; a code of one purpose is worth nothing for another."""

        REGISTER = "register"
        LOGIN = "login"
        EMAIL = "email", "prove a new address"
        MOBILE = "mobile", "prove a number"
        DELETE = "delete", "delete the account"
        RESET = "reset", "set a new password"

    class Method(models.TextChoices):
        """How its codes travel."""

        EMAIL = "email"
        SMS = "sms"

    id = models.CharField(max_length=32, primary_key=True, default=challenge_id, editable=False)
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="challenges")
    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, null=True, blank=True, related_name="challenges"
    )
    address = models.CharField(max_length=MAX_EMAIL)
    """Where the code goes."""
    method = models.CharField(max_length=10, choices=Method.choices, default=Method.EMAIL)
    mobile_number = models.CharField(max_length=16, blank=True)
    """The number to prove, however the code travels."""
    code_hash = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sends = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(default=times.now, editable=False)
    sent_at = models.DateTimeField(default=times.now)
    """When the latest code was asked for."""
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = ChallengeQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["address", "purpose", "created_at"], name="accounts_challenge_hourly"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.created_at}"

    @property
    def is_decoy(self) -> bool:
        """Whether nobody can ever meet it."""
        if self.purpose == self.Purpose.RESET:
            return self.user_id is None
        return self.purpose == self.Purpose.REGISTER and self.user_id is not None

    @property
    def sent_to(self) -> str:
        """Where its codes go, masked."""
        return masked_number(self.address) if self.method == self.Method.SMS else masked_email(self.address)

    @property
    def resend_at(self) -> dt.datetime:
        """From when on another code may be asked for."""
        return self.sent_at + dt.timedelta(seconds=settings.CODE_RESEND_SECONDS)
