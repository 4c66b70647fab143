"""What a client may ask for and how much of it, as data: no number has to be copied from the documents."""

from typing import Any

from django.apps import apps
from django.conf import settings
from drf_spectacular.utils import extend_schema
from limits import parse
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chatapi.errors import RateLimited
from chatapi.limits import limits
from chatapi.schema import problems

OPTIONAL_APPS = ("groups", "broadcasts", "status", "presence", "media")


class RateSerializer(serializers.Serializer[Any]):
    """So many calls per window."""

    quota = serializers.IntegerField(help_text="Calls (or messages) per window and caller.")
    seconds = serializers.IntegerField(help_text="Length of the window.")


class TokenLivesSerializer(serializers.Serializer[Any]):
    """How long tokens, tickets and codes are good."""

    access_seconds = serializers.IntegerField(help_text="Life of an access token.")
    refresh_idle_seconds = serializers.IntegerField(help_text="A session unused for so long is over.")
    session_seconds = serializers.IntegerField(help_text="A session is over after so long, used or not.")
    refresh_repeat_seconds = serializers.IntegerField(
        help_text="So long after a refresh the old refresh token gives the same new pair again."
    )
    ws_ticket_seconds = serializers.IntegerField(help_text="Life of a socket ticket; it works once.")
    code_seconds = serializers.IntegerField(help_text="Life of a code sent by mail or SMS.")
    code_tries = serializers.IntegerField(help_text="Wrong entries after which a code is void.")
    deletion_days = serializers.IntegerField(help_text="So long a login keeps an account that was deleted.")
    code_resend_seconds = serializers.IntegerField(help_text="How long to wait before asking for another code.")


class CapabilitiesSerializer(serializers.Serializer[Any]):
    """Every limit, window and switch of this server."""

    version = serializers.CharField(help_text="The server's version.")
    rate_limits = serializers.BooleanField(help_text="Whether rates are counted at all.")
    rates = serializers.DictField(child=RateSerializer(), help_text="Rates by scope, the names of `RateLimit`.")
    limits = serializers.DictField(
        child=serializers.IntegerField(), help_text="Sizes, numbers and times; each name ends in its unit."
    )
    tokens = TokenLivesSerializer(help_text="How long tokens and codes are good.")
    features = serializers.DictField(
        child=serializers.BooleanField(), help_text="What this server has and what is switched on."
    )


class CapabilitiesView(APIView):
    """The limits in force, for clients."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        tags=["service"],
        summary="What this server can do",
        description="Every limit and window, feature switches and the server's version, as data. No login needed.",
        responses={200: CapabilitiesSerializer, **problems(RateLimited)},
    )
    def get(self, request: Request) -> Response:
        return Response(
            {
                "version": settings.VERSION,
                "rate_limits": settings.RATE_LIMITS,
                "rates": {scope: _rate(rate) for scope, rate in settings.RATES.items()},
                "limits": limits().as_json() | {"body_bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE},
                "tokens": _token_lives(),
                "features": _features(),
            },
            headers={"Cache-Control": "public, max-age=300"},
        )


def _rate(text: str) -> dict[str, int]:
    rate = parse(text)
    return {"quota": rate.amount, "seconds": rate.get_expiry()}


def _token_lives() -> dict[str, int]:
    day = 86_400
    return {
        "access_seconds": settings.ACCESS_TOKEN_SECONDS,
        "refresh_idle_seconds": settings.SESSION_IDLE_DAYS * day,
        "session_seconds": settings.SESSION_DAYS * day,
        "refresh_repeat_seconds": settings.REFRESH_REPEAT_SECONDS,
        "ws_ticket_seconds": settings.WS_TICKET_SECONDS,
        "code_seconds": settings.CODE_SECONDS,
        "code_tries": settings.CODE_TRIES,
        "deletion_days": settings.DELETION_DAYS,
        "code_resend_seconds": settings.CODE_RESEND_SECONDS,
    }


def _features() -> dict[str, bool]:
    return {name: apps.is_installed(name) for name in OPTIONAL_APPS} | {
        "docs": settings.DOCS,
        "socket_token_in_url": settings.SOCKET_TOKEN_IN_URL,
        "sockets_without_origin": settings.SOCKETS_WITHOUT_ORIGIN,
    }
