"""Opaque cursors: a place in a list as text for a URL. Not secret, not trusted."""

import base64
import binascii
from typing import Any

from chatapi import json
from chatapi.errors import InvalidCursor, Problem


def encode_cursor(values: list[Any]) -> str:
    """Plain values as opaque text."""
    return base64.urlsafe_b64encode(json.dump_bytes({"v": values})).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """The values of a cursor. Raises InvalidCursor for one that this server did not make."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))["v"]
    except (Problem, KeyError, binascii.Error, ValueError):
        raise InvalidCursor from None
    if not isinstance(values, list) or len(values) != length:
        raise InvalidCursor
    return values
