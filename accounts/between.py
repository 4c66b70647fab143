"""What holds between two people: who may write to whom, and what of them the other one gets to see."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, UUIDField

from accounts.models import Block, Contact, User
from chatapi.statements import Given, Statement

Viewer = UUID | Given
"""Who looks: somebody's id, or a place for it in a statement."""


class Between(NamedTuple):
    """What one person is to another, as far as the other one decides it."""

    is_blocked: bool = False
    """One of them has blocked the other: nothing passes between the two."""
    refuses: bool = False
    """Nothing can be sent to that person: a block, their privacy, or their account."""
    shows_receipts: bool = True


def blocked_between(viewer: Viewer, *, person: str = "pk") -> Q:
    """Whether one of the two has blocked the other; `person` names the user in the rows this is asked of."""
    by_them = Block.objects.live().filter(owner_id=OuterRef(person), person_id=viewer)
    by_viewer = Block.objects.live().filter(owner_id=viewer, person_id=OuterRef(person))
    return Q(Exists(by_them)) | Q(Exists(by_viewer))


def lets_write(viewer: Viewer, *, person: str = "pk", prefix: str = "") -> Q:
    """Whether the privacy of the person of a row lets the viewer write to them (`privacy.messages`)."""
    saved = Contact.objects.live().filter(owner_id=OuterRef(person), person_id=viewer)
    choice = f"{prefix}privacy__messages"
    return Q(**{choice: "everyone"}) | (Q(**{choice: "contacts"}) & Q(Exists(saved)))


def refusing(viewer: Viewer, *, person: str = "pk", prefix: str = "") -> Q:
    """Whether nothing can be sent to the person of a row; sends ask the same (`conversations.statements`)."""
    gone = Q(**{f"{prefix}is_active": False})
    return blocked_between(viewer, person=person) | gone | ~lets_write(viewer, person=person, prefix=prefix)


def between(viewer: UUID, person: UUID) -> Between:
    """What the person is to the viewer; nothing special to oneself. One query."""
    return between_many(viewer, [person]).get(person, Between())


def between_many(viewer: UUID, people: Collection[UUID]) -> dict[UUID, Between]:
    """As `between`, for several people: by their id. One query, or none."""
    others = set(people) - {viewer}
    if len(others) == 1:
        rows = _BETWEEN.rows(viewer=viewer, person=next(iter(others)))
    else:
        rows = list(_seen(viewer).filter(pk__in=others)) if others else []
    return {pk: Between(bool(blocked), bool(refuses), shows is not False) for pk, blocked, refuses, shows in rows}


def _seen(viewer: Viewer) -> QuerySet[User, Any]:
    rows = User.objects.annotate(
        blocked=ExpressionWrapper(blocked_between(viewer), BooleanField()),
        refuses=ExpressionWrapper(refusing(viewer), BooleanField()),
    )
    return rows.values_list("pk", "blocked", "refuses", "privacy__read_receipts")


_BETWEEN = Statement(lambda: _seen(Given("viewer", UUIDField())).filter(pk=Given("person", UUIDField())))
