"""What is removed of an account whose grace period is over, and what stays (S98)."""

from uuid import UUID

from django.db import models

from accounts.models import Block, Challenge, Contact, EmailChange, SecurityEvent, Session, User
from accounts.models.user import default_privacy
from chatapi import times
from chatapi.transactions import write_transaction

AT_ONCE = 100
"""Accounts that one run erases; the next comes within the hour."""
NAME = "Deleted user"


def erase_due() -> None:
    """Erases the accounts whose time has come, each in a transaction of its own."""
    due = User.objects.get_queryset().filter(erase_at__lte=times.now()).order_by("erase_at")
    for user_id in list(due.values_list("pk", flat=True)[:AT_ONCE]):
        _erase(user_id)


def _erase(user_id: UUID) -> None:
    """A login that came sooner has switched the account on again: then nothing happens."""
    with write_transaction():
        user = User.objects.get_queryset().select_for_update().get(pk=user_id)
        if user.erase_at is None or user.erase_at > times.now():
            return
        _remove_what_hangs_on(user)
        _strip(user)


def _remove_what_hangs_on(user: User) -> None:
    """Sessions with their tickets, codes, addresses of before, the audit log, and what they kept about others."""
    for rows in (
        Session.objects.filter(user=user),
        Challenge.objects.filter(user=user),
        EmailChange.objects.filter(user=user),
        Contact.objects.filter(owner=user),
        Block.objects.filter(owner=user),
    ):
        rows.delete()
    SecurityEvent.objects.all().forget_all_of(user)


def _strip(user: User) -> None:
    """The row stays, because messages refer to it; nothing in it says who it was."""
    user.username = f"deleted.{user.pk.hex[-22:]}"
    user.email = f"{user.pk.hex}@deleted.invalid"
    user.display_name, user.about, user.extra, user.privacy = NAME, "", {}, default_privacy()
    user.mobile_number, user.mobile_verified_at = "", None
    user.set_unusable_password()
    user.erase_at, user.erased_at = None, times.now()
    user.save(update_fields=[field.name for field in user._meta.concrete_fields if _is_written(field)])


def _is_written(field: models.Field[object, object]) -> bool:
    return not field.primary_key and field.name not in {"created_at", "is_staff", "me_rev"}
