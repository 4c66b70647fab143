"""Identifiers: time-ordered ids for rows, unguessable names for what appears in a URL."""

import datetime as dt
import os
import re
import secrets
import time
import uuid
from collections.abc import Iterable

_LAST_12_BITS = 0xFFF
_LAST_62_BITS = (1 << 62) - 1

ROOM_NAME = re.compile(r"[A-Za-z0-9_-]{22,64}")


def uuid7() -> uuid.UUID:
    """A UUID version 7 (RFC 9562, 5.7): rows created together lie together in an index."""
    milliseconds = time.time_ns() // 1_000_000
    noise = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= (noise >> 62 & _LAST_12_BITS) << 64
    value |= 0b10 << 62
    value |= noise & _LAST_62_BITS
    return uuid.UUID(int=value)


def uuid7_at(moment: dt.datetime) -> uuid.UUID:
    """The smallest UUID version 7 of that moment: ids from then on are not below it."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62)


def room_name() -> str:
    """An unguessable room name of 144 bits, made only of letters, digits, `_` and `-`."""
    return secrets.token_urlsafe(18)


def parse_uuid(value: object) -> uuid.UUID | None:
    """The UUID that `value` spells, or None: a malformed id is simply nobody's id."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return uuid.UUID(value)
    except ValueError:
        return None


def parse_uuids(values: Iterable[object]) -> list[uuid.UUID]:
    """The UUIDs among `values`."""
    return [parsed for value in values if (parsed := parse_uuid(value)) is not None]


def is_room_name(value: str) -> bool:
    """Whether `value` could be the name of a room at all (F9)."""
    return ROOM_NAME.fullmatch(value) is not None
