"""What these views share: reading input, knowing the caller, and the errors that any of them can give."""

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
    given = serializer(data=data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def limit_address(scope: str, request: Request) -> None:
    """Counts this call against the limit of the caller's address."""
    limit(scope, address_key(client_address(request)))
