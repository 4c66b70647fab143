"""Who opens a socket: every way of giving a token that a browser, an app or a tool has."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings

from accounts import tickets
from accounts.authentication import Principal, principal_of
from accounts.errors import InvalidToken


def principal_of_scope(
    scope: dict[str, Any], find_caller: Callable[[str], Principal] = principal_of
) -> Principal | None:
    """The caller named by a socket's own address or headers; None when nothing is given, so a first frame must.

    In this order: `?ticket=`, `?Authorization=` (as in the published example, with or without `Bearer `), the header
    `Authorization`; `find_caller` is asked about a token. Raises the 401 problems. Synchronous: call it from a thread.
    """
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=20)
    if "ticket" in query:
        return tickets.redeem(query["ticket"][-1])
    if "Authorization" in query:
        if not settings.SOCKET_TOKEN_IN_URL:
            raise InvalidToken(detail="This server takes no token in a URL: use a ticket or a first frame.")
        return find_caller(bare_token(query["Authorization"][-1]))
    header = dict(scope.get("headers", [])).get(b"authorization")
    return None if header is None else find_caller(bare_token(header.decode("latin-1")))


def bare_token(value: str) -> str:
    """The token without the word `Bearer` before it."""
    scheme, _, token = value.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else value.strip()
