"""What all relations share: how a row of a person's own is kept and taken back. The owner's counter is locked."""

from typing import TypeVar

from accounts import events
from accounts.counters import next_me
from accounts.errors import LimitReached
from accounts.models import User
from accounts.models.relation import Relation
from chatapi import times
from chatapi.errors import NotFound

R = TypeVar("R", bound=Relation)


def own_row(kind: type[R], user: User, reference: str) -> R:
    """The user's row about the person with this id or username, switched off or not. Raises NotFound."""
    people = User.objects.referred_to(reference)
    row = kind._default_manager.filter(owner=user, person__in=people, deleted_at__isnull=True)
    found = row.select_related("person").first()
    if found is None:
        raise NotFound
    return found


def keep(row: R, *, maximum: int) -> None:
    """Stores a row that is new, back again, or changed. Raises LimitReached where it would be one too many."""
    if row._state.adding or row.deleted_at is not None:
        if type(row)._default_manager.filter(owner=row.owner_id, deleted_at__isnull=True).count() >= maximum:
            raise LimitReached
        row.created_at, row.deleted_at = times.now(), None
    _store(row)


def take_back(row: R) -> None:
    """Turns a row into a tombstone."""
    row.deleted_at = times.now()
    _store(row)


def _store(row: Relation) -> None:
    row.me_rev = next_me([row.owner_id])[row.owner_id]
    row.save()
    User.objects.filter(pk=row.owner_id).update(people_rev=row.me_rev)
    events.own_changed(row.owner, row.me_rev)
