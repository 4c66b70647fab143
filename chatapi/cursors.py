"""Opaque cursors: a place in a list as text for a URL. Not secret, not trusted."""

import base64
import binascii
import datetime as dt
from typing import Any

from chatapi import json
from chatapi.errors import InvalidCursor, Problem


def encode_cursor(values: list[Any]) -> str:
    """Plain values as opaque text."""
    return base64.urlsafe_b64encode(json.dump_bytes({"v": values})).decode().rstrip("=")


def moment_in_cursor(value: Any) -> dt.datetime:
    """The moment that a cursor carries. Raises InvalidCursor for what no cursor of this server holds."""
    try:
        moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise InvalidCursor
        return moment.astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        raise InvalidCursor from None


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """The values of a cursor. Raises InvalidCursor for one that this server did not make."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))["v"]
    except (Problem, KeyError, binascii.Error, ValueError):
        raise InvalidCursor from None
    if not isinstance(values, list) or len(values) != length:
        raise InvalidCursor
    return values
