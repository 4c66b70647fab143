"""Many messages at once: from rows, without a model for each.

A page is read by two statements however long it is: the messages with their senders, and, where there are any, what
they quote. Joined into one they would cost PostgreSQL three times as much to plan.
"""

from collections.abc import Collection, Mapping
from functools import cache, lru_cache, partial
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, QuerySet, UUIDField

from accounts.models import short_user
from chatapi.statements import AsText, Given, Row, Statement
from conversations.models import Message
from conversations.models.membership import NO_END, Membership
from conversations.shapes import MessageValues, quote_shape

Key = UUID | str
"""An id as the database gave it."""

_SENDER = (AsText("sender_id"), "sender__username", "sender__display_name")
_BODY = (AsText("id"), "seq", "rev", AsText("client_id"), "kind", "text", "created_at", AsText("reply_to_id"))
_MORE = (
    *("forward_count", AsText("system"), AsText("content"), AsText("context"), AsText("extra")),
    *("expires_at", "edited_at", "deleted_at"),
)
"""In the order of `MessageValues`."""


def messages_between(
    membership: Membership, room_name: str, *, low: int = 0, high: int = NO_END, ascending: bool, limit: int
) -> list[MessageValues]:
    """Messages with `low` <= `seq` < `high` that the member may see: the first ones of that order."""
    rows = _span(ascending, limit).rows(
        room=membership.room_id,
        low=max(low, membership.first_visible_seq),
        high=high,
        end=NO_END if membership.left_rev is None else membership.left_rev,
    )
    return _values(rows, room_name)


def message_of(message_id: UUID, room_name: str) -> MessageValues | None:
    """One message of a room."""
    rows = _ONE.rows(id=message_id)
    return _values(rows, room_name)[0] if rows else None


_ONE = Statement(lambda: Message.objects.filter(pk=Given("id", UUIDField())).values_list(*_SENDER, *_BODY, *_MORE))


@lru_cache(maxsize=512)
def _span(ascending: bool, limit: int) -> Statement:
    return Statement(partial(_build_span, ascending, limit), prepare=False)


def _build_span(ascending: bool, limit: int) -> QuerySet[Message, Any]:
    number = BigIntegerField()
    rows = Message.objects.filter(
        room_id=Given("room", UUIDField()),
        seq__gte=Given("low", number),
        seq__lt=Given("high", number),
        created_rev__lte=Given("end", number),
    )
    return rows.order_by("seq" if ascending else "-seq").values_list(*_SENDER, *_BODY, *_MORE)[:limit]


def _values(rows: list[Row], room_name: str) -> list[MessageValues]:
    people: dict[Key, dict[str, str]] = {}
    quotes = _quotes({row[10] for row in rows if row[10] is not None}, people)
    return [_message(row, room_name, _person(row, people), quotes) for row in rows]


def _message(
    row: Row, room_name: str, sender: Mapping[str, str], quotes: Mapping[Key, dict[str, Any]]
) -> MessageValues:
    _, _, _, message_id, seq, rev, client_id, kind, text, created_at, reply_to, *more = row
    quote = None if reply_to is None else quotes[reply_to]
    return MessageValues(message_id, room_name, seq, rev, client_id, kind, sender, text, created_at, quote, *more)


def _person(row: Row, people: dict[Key, dict[str, str]]) -> dict[str, str]:
    """Who a row begins with; made once for all rows."""
    return people.get(row[0]) or people.setdefault(row[0], short_user(*row[:3]))


def _quotes(ids: Collection[Key], people: dict[Key, dict[str, str]]) -> dict[Key, dict[str, Any]]:
    """What is quoted, by id. There is a statement for each power of two; the last id fills up."""
    if not ids:
        return {}
    size, known = 1 << (len(ids) - 1).bit_length(), list(ids)
    rows = _quoted(size).rows(**{f"id{place}": known[min(place, len(known) - 1)] for place in range(size)})
    return {row[3]: _quote(row, _person(row, people)) for row in rows}


@cache
def _quoted(size: int) -> Statement:
    rows = Message.objects.values_list(*_SENDER, AsText("id"), "seq", "kind", "text", "deleted_at")
    places: list[Any] = [Given(f"id{place}", UUIDField()) for place in range(size)]
    return Statement(lambda: rows.filter(pk__in=places), prepare=False)


def _quote(row: Row, sender: Mapping[str, str]) -> dict[str, Any]:
    *_, message_id, seq, kind, text, deleted_at = row
    return quote_shape(message_id, seq=seq, sender=sender, text=text, kind=kind, gone=deleted_at is not None)
