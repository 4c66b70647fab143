"""What happened to an account's security: written once, changed never (S93)."""

import datetime as dt
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone

from accounts.models.user import User
from chatapi import ids


class SecurityEventQuerySet(models.QuerySet["SecurityEvent"]):
    """Security events; rows are added and, when they are old enough, forgotten, and nothing else."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refused; the database refuses it too."""
        raise TypeError("A security event is never changed.")

    def delete(self) -> NoReturn:
        """Refused: only time removes them."""
        raise TypeError("Security events are only forgotten by their age.")

    def forget(self, before: dt.datetime) -> int:
        """Removes those older than `before`; how many."""
        return super().filter(at__lt=before)._raw_delete(self.db)

    def forget_all_of(self, user: User) -> int:
        """Removes those of an account that is erased; how many."""
        return super().filter(user=user)._raw_delete(self.db)


class SecurityEvent(models.Model):
    """One fact about an account. Holds no code, no token, no password, and no address in full but the caller's."""

    class Kind(models.TextChoices):
        """What happened."""

        REGISTERED = "registered"
        LOGGED_IN = "logged_in"
        LOGIN_FAILED = "login_failed"
        CODE_FAILED = "code_failed"
        LOGGED_OUT = "logged_out"
        LOGGED_OUT_EVERYWHERE = "logged_out_everywhere"
        SESSION_ENDED = "session_ended"
        PASSWORD_FAILED = "password_failed"
        PASSWORD_CHANGED = "password_changed"
        PASSWORD_RESET = "password_reset"
        EMAIL_CHANGED = "email_changed"
        EMAIL_RESTORED = "email_restored"
        MOBILE_CHANGED = "mobile_changed"
        DELETION_REQUESTED = "deletion_requested"
        DELETION_CANCELLED = "deletion_cancelled"
        REFRESH_REUSED = "refresh_reused"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="security_events")
    kind = models.CharField(max_length=30, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    """Exact to a microsecond, so that the order of a call's events is kept."""
    address = models.GenericIPAddressField(null=True, blank=True)
    """Where the call came from that did it; null where no call did."""
    session_id = models.UUIDField(null=True, blank=True)
    """Which session it is about; no reference, because sessions are forgotten sooner."""
    detail = models.CharField(max_length=100, blank=True)
    """More about the kind: a device's name, a code's purpose."""

    objects = SecurityEventQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-at", "-id"], name="accounts_event_of_user")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Adds the row; one that is stored already is never changed."""
        if not self._state.adding:
            raise TypeError("A security event is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: only time removes them."""
        raise TypeError("Security events are only forgotten by their age.")
