"""A person's own profile."""

from typing import Any

from accounts import counters, events
from accounts.models import User
from chatapi.transactions import write_transaction

_WITH_SEARCH_FORM = {"display_name": ["display_name", "display_name_key"]}


def change_profile(*, user: User, changes: dict[str, Any]) -> None:
    """Sets those of display_name, about, extra and privacy that are given; nothing happens when they are so already.

    `privacy` may name some of its choices: the others stay as they are stored, whatever another device changes now.
    """
    changed = [field for field, value in changes.items() if getattr(user, field) != _whole(user, field, value)]
    if not changed:
        return
    with write_transaction():
        # The row, then the counter: as others do.
        stored = User.objects.get_queryset().select_for_update(no_key=True).get(pk=user.pk)
        user.privacy = stored.privacy
        user.me_rev = counters.next_me([user.pk])[user.pk]
        for field in changed:
            setattr(user, field, _whole(user, field, changes[field]))
        columns = [column for field in changed for column in _WITH_SEARCH_FORM.get(field, [field])]
        user.save(update_fields=["me_rev", *columns])
        events.profile_updated(user)


def _whole(user: User, field: str, given: Any) -> Any:
    return user.privacy | given if field == "privacy" else given
