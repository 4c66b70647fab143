"""One strict JSON decoder for REST and sockets, and one encoder (F14, S82).

What a naive decoder lets through and what then breaks further in - NaN, NUL, lone surrogates, endless nesting,
duplicate keys - is refused here with an error that a client can read.
"""

import json
import re
from typing import Any, NoReturn

import orjson

from chatapi.errors import InvalidJson

MAX_DEPTH = 16
MAX_KEYS = 2_048
MAX_INTEGER_DIGITS = 19
GREATEST_NUMBER = 2.0**63
"""PostgreSQL gives a number of many digits back as an integer, and the encoder knows those of 64 bits only."""
PLAIN_INTEGER = 10**17
"""Below it an integer is short enough by far, and exact in every decoder."""

_STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""Possessive, and a string without an end is one match, too: a search that backs up takes hours over a megabyte."""
_BRACKETS = re.compile(r"[\[\]{}]")
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def loads(raw: bytes | str) -> dict[str, Any]:
    """The JSON object in `raw`.

    Raises InvalidJson for anything but an object, nesting deeper than 16, more than 2,048 keys in one object,
    a key written twice, NaN, Infinity, numbers of more than 19 digits or beyond 2^63, NUL characters and unpaired
    surrogates.
    """
    plain = _plain(raw)
    if plain is not None:
        return plain
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        _check_depth(text)
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_float,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        raise InvalidJson(detail="The body is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise InvalidJson(detail="The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise InvalidJson(detail="The body must be a JSON object.")
    _check_text(value)
    return value


class _NotPlain(Exception):
    """There is something in it that the strict decoder has to look at."""


def _plain(raw: bytes | str) -> dict[str, Any] | None:
    """The object, where a fast decoder that is not strict cannot have missed anything; else None: ask the strict one.

    Without a backslash every quotation mark in the text begins or ends a string, and no string can hold what is
    forbidden. So when the strings that came out are as many as went in, no key was there twice.
    """
    try:
        if isinstance(raw, bytes):
            marks, escapes = raw.count(b'"'), b"\\" in raw
        else:
            marks, escapes = raw.count('"'), "\\" in raw
        if not escapes:
            value = orjson.loads(raw)
            if type(value) is dict and 2 * _strings(value, MAX_DEPTH) == marks:
                return value
    except (_NotPlain, orjson.JSONDecodeError):
        pass
    return None


def _strings(value: Any, depth: int) -> int:
    """How many strings there are, names included. Raises _NotPlain for great numbers, depth and width."""
    kind = type(value)
    if kind is str:
        return 1
    if kind is dict or kind is list:
        if depth <= 0 or len(value) > MAX_KEYS:
            raise _NotPlain
        if kind is dict:
            return len(value) + sum([_strings(item, depth - 1) for item in value.values()])
        return sum([_strings(item, depth - 1) for item in value])
    if kind is float or (kind is int and not -PLAIN_INTEGER < value < PLAIN_INTEGER):
        raise _NotPlain
    return 0


def dumps(value: object) -> str:
    """Compact JSON text; UUIDs and aware datetimes are allowed."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()


def dump_bytes(value: object) -> bytes:
    """As `dumps`, in UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def body(value: object) -> bytes:
    """As `dump_bytes`, as the body of a reply: it ends its line, so a terminal's prompt begins on the next."""
    return dump_bytes(value) + b"\n"


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson(detail=f"{name} is not a JSON number.")


def _integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_DIGITS:
        raise InvalidJson(detail="A number has too many digits.")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not -GREATEST_NUMBER < number < GREATEST_NUMBER:
        raise InvalidJson(detail="A number is too large.")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_KEYS:
        raise InvalidJson(detail=f"An object has more than {MAX_KEYS} keys.")
    result = dict(pairs)
    if len(result) != len(pairs):
        raise InvalidJson(detail="A key appears twice.")
    return result


def _check_depth(text: str) -> None:
    """Counts brackets outside strings before parsing: the parser itself recurses once per level."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise InvalidJson(detail=f"The body is nested deeper than {MAX_DEPTH} levels.")


def _check_text(value: object) -> None:
    if isinstance(value, str):
        if _FORBIDDEN.search(value):
            raise InvalidJson(detail="Text contains a NUL character or an unpaired surrogate.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check_text(item)
    elif isinstance(value, list):
        for item in value:
            _check_text(item)


def dump_canonical(value: object) -> bytes:
    """As `dump_bytes` with sorted keys: equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
