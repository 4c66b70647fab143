"""A person's own profile."""

from typing import Any

from accounts import counters, events
from accounts.models import User
from chatapi.transactions import write_transaction

_WITH_SEARCH_FORM = {"display_name": ["display_name", "display_name_key"]}


def change_profile(*, user: User, changes: dict[str, Any]) -> None:
    """Sets those of display_name, about and extra that are given; nothing happens when they are so already."""
    changed = [field for field, value in changes.items() if getattr(user, field) != value]
    if not changed:
        return
    with write_transaction():
        User.objects.get_queryset().select_for_update(no_key=True).get(pk=user.pk)  # row, then counter: as others do
        user.me_rev = counters.next_me([user.pk])[user.pk]
        for field in changed:
            setattr(user, field, changes[field])
        columns = [column for field in changed for column in _WITH_SEARCH_FORM.get(field, [field])]
        user.save(update_fields=["me_rev", *columns])
        events.profile_updated(user)
