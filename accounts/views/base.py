"""What these views share: reading input, knowing the caller, and the errors that any of them can give."""

from functools import cache
from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.viewsets import ViewSet

from accounts.errors import InvalidToken, SessionEnded, TokenExpired
from chatapi.errors import InvalidInput, InvalidJson, RateLimited, TooLarge, UnknownField, UnsupportedMediaType
from chatapi.throttling import address_key, client_address, limit

BODY = (InvalidJson, InvalidInput, UnknownField, UnsupportedMediaType, TooLarge, RateLimited)
"""The problems of every call with a body."""
CALLER = (InvalidToken, TokenExpired, SessionEnded, RateLimited)
"""The problems of every call with a token."""


class PublicViewSet(ViewSet):
    """Calls that need no token; one that is sent along is not looked at."""

    authentication_classes: Any = []
    permission_classes = [AllowAny]


def read(serializer: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """`data` as the serializer understands it; raises its ValidationError."""
    return dict(_reader(serializer).run_validation(data))


@cache
def _reader(serializer: type[Serializer[Any]]) -> Serializer[Any]:
    """One for all calls: making its fields takes longer than using them, and validating keeps nothing in them."""
    return serializer()


def limit_address(scope: str, request: Request) -> None:
    """Counts this call against the limit of the caller's address."""
    limit(scope, address_key(client_address(request)))
