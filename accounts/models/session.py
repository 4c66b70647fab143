"""A device that is logged in, and the tickets it opens sockets with."""

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models.user import User
from chatapi import ids, times


class SessionQuerySet(models.QuerySet["Session"]):
    """Sessions by their state."""

    def live(self, at: dt.datetime) -> "SessionQuerySet":
        """Those that have not ended and not run out at that moment."""
        return self.filter(
            ended_at__isnull=True, created_at__gt=at - absolute_life(), last_used_at__gt=at - idle_life()
        )


class Session(models.Model):
    """One login on one device. Its tokens are made from this row, none of them is stored.

    Each refresh is the next `generation`; the pair of a generation can be made again, so that a client whose answer
    got lost is not logged out.
    """

    class EndReason(models.TextChoices):
        """Why a session is over."""

        LOGOUT = "logout"
        LOGOUT_ALL = "logout_all"
        ENDED = "ended", "ended from another session"
        PASSWORD_CHANGED = "password_changed", "the password was changed from another session"
        PASSWORD_RESET = "password_reset", "the password was set by a mailed code"
        EMAIL_RESTORED = "email_restored", "a change of the address was taken back"
        DELETED = "deleted", "the account was deleted"
        REUSE = "reuse", "a used refresh token came again"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    device_name = models.CharField(max_length=100, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(default=times.now, editable=False)
    last_used_at = models.DateTimeField(default=times.now)
    """Exact to a minute."""
    generation = models.PositiveIntegerField(default=1)
    generation_used = models.BooleanField(default=False)
    """Whether the access token of this generation was seen: then its pair has arrived and is not handed out again."""
    rotated_at = models.DateTimeField(default=times.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, choices=EndReason.choices, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], condition=Q(ended_at__isnull=True), name="accounts_session_live"),
            models.Index(fields=["last_used_at"], name="accounts_session_last_used"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.device_name}"

    @property
    def topic(self) -> str:
        """What the sockets of this session listen to."""
        return session_topic(self.pk)

    @property
    def runs_out_at(self) -> dt.datetime:
        """When it is over unless it is used before; never past its absolute life."""
        return runs_out_at(self.created_at, self.last_used_at)

    def is_live(self, at: dt.datetime) -> bool:
        """Whether it has neither ended nor run out at that moment."""
        return is_live(at, self.created_at, self.last_used_at, self.ended_at)


class WsTicket(models.Model):
    """The right to open one socket, once; only the ticket's hash is kept."""

    hash = models.CharField(max_length=64, primary_key=True)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="tickets")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.session_id} until {self.expires_at}"


def session_topic(session_id: object) -> str:
    """The topic of a session known by its id only."""
    return f"session.{session_id}"


def is_live(at: dt.datetime, created_at: dt.datetime, last_used_at: dt.datetime, ended_at: dt.datetime | None) -> bool:
    """As `Session.is_live`, from the columns."""
    return ended_at is None and at < runs_out_at(created_at, last_used_at)


def runs_out_at(created_at: dt.datetime, last_used_at: dt.datetime) -> dt.datetime:
    """As `Session.runs_out_at`, from the columns."""
    return min(created_at + absolute_life(), last_used_at + idle_life())


def absolute_life() -> dt.timedelta:
    """How long a session lives, however busy."""
    return dt.timedelta(days=settings.SESSION_DAYS)


def idle_life() -> dt.timedelta:
    """How long an unused session lives."""
    return dt.timedelta(days=settings.SESSION_IDLE_DAYS)
