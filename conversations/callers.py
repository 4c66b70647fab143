"""Who calls, and where they stand in the room they call about: one question instead of two."""

from django.db.models import CharField, UUIDField

from accounts.authentication import Principal, caller_columns, principal_and, principal_of
from chatapi import ids
from chatapi.statements import Given, Statement, columns_of, model_of
from conversations.models import Membership


def caller_in_room(token: str, room_name: str) -> tuple[Principal, Membership | None]:
    """The bearer of a token, and their membership in the room of that name, ended or not; None for an outsider.

    Raises the 401 problems, whatever the name.
    """
    if not ids.is_room_name(room_name):
        return principal_of(token), None
    principal, row = principal_and(token, _CALLER_IN_ROOM, room=room_name)
    if not row:
        return principal, None
    membership = model_of(Membership, row)
    membership.user = principal.user
    return principal, membership


_CALLER_IN_ROOM = Statement(
    lambda: Membership.objects.filter(
        room__name=Given("room", CharField()), user__sessions=Given("session", UUIDField())
    ).values_list(*caller_columns("user__sessions__", "user__"), *columns_of(Membership))
)
