"""The counter `me`: one number per change that only one user can see or owns."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F

from accounts.models import User, UserCounter


def next_me(user_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Takes the next number of each user, inside the caller's transaction; two queries for any number of users.

    The rows are locked in the order of their ids, so that two callers with overlapping users cannot deadlock, and
    only against other takers of a number (FOR NO KEY UPDATE). SQLite has one writer at a time anyway.
    """
    rows = UserCounter.objects.filter(user_id__in=set(user_ids))
    locked = rows.select_for_update(no_key=True).order_by("user_id")
    numbers = {user_id: me + 1 for user_id, me in locked.values_list("user_id", "me")}
    rows.order_by().update(me=F("me") + 1)
    return numbers


def lock_me(user_id: UUID) -> None:
    """Locks the user's row, which comes before their counter: what is decided next, is decided one by one."""
    User.objects.get_queryset().select_for_update(no_key=True).only("pk").get(pk=user_id)
