"""What a server in production mode must not start with (S83). DEBUG switches all of it off."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.core.checks.messages import ERROR
from django.core.exceptions import ImproperlyConfigured
from limits import parse

from chatapi.origins import fault_of

logger = logging.getLogger("chatapi.checks")

MINIMUM_SECRET_BYTES = 32
MAKE_A_SECRET = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


def refuse_unsafe() -> None:
    """Called by every server process before it serves: Django itself checks only in its own commands.

    Logs warnings. Raises ImproperlyConfigured with every reason and what to set instead.
    """
    # Without a key the other checks cannot even look at it.
    messages = ([] if settings.DEBUG else list(_secret_key())) or run_checks(tags=[Tags.security])
    errors = [message for message in messages if message.level >= ERROR]
    for message in messages:
        if message.level < ERROR:
            logger.warning(_line(message))
    if errors:
        raise ImproperlyConfigured("\n- ".join(["The server does not start:", *map(_line, errors)]))


@register(Tags.security)
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """All checks of the shared settings."""
    checks = _ALWAYS if settings.DEBUG else _ALWAYS + _IN_PRODUCTION
    return [message for check in checks for message in check()]


def _line(message: CheckMessage) -> str:
    return " ".join(filter(None, [message.msg, message.hint, f"[{message.id}]"]))


def _origins() -> Iterator[CheckMessage]:
    for origin in settings.CORS_ORIGINS:
        if fault := fault_of(origin):
            yield Error(f"CORS_ORIGINS has {origin!r}: {fault}.", id="chatapi.E001")


def _rates() -> Iterator[CheckMessage]:
    for scope, rate in settings.RATES.items():
        try:
            parse(rate)
        except ValueError:
            yield Error(f"RATE_{scope.upper()} is {rate!r}.", hint="Write it like 60/minute.", id="chatapi.E002")


def _secret_key() -> Iterator[CheckMessage]:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        key = ""
    if len(key.encode()) < MINIMUM_SECRET_BYTES:
        reason = "is not set" if not key else f"has fewer than {MINIMUM_SECRET_BYTES} bytes"
        yield Error(f"SECRET_KEY {reason}.", hint=MAKE_A_SECRET, id="chatapi.E003")


def _hosts() -> Iterator[CheckMessage]:
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield Error(
            f"ALLOWED_HOSTS is {','.join(settings.ALLOWED_HOSTS) or 'empty'}.",
            hint="Give the names that clients use, for example ALLOWED_HOSTS=chat.example.org.",
            id="chatapi.E004",
        )


def _rate_limits() -> Iterator[CheckMessage]:
    if not settings.RATE_LIMITS:
        yield Error("RATE_LIMITS is off.", hint="Only with DEBUG may it be off.", id="chatapi.E005")


def _database() -> Iterator[CheckMessage]:
    if settings.DATABASE["ENGINE"].endswith("sqlite3"):
        yield Warning(
            "The database is SQLite.",
            hint="It takes one writer at a time and one machine: set DATABASE_URL=postgres://...",
            id="chatapi.W001",
        )
    elif not settings.REDIS_URL:
        yield Warning(
            "REDIS_URL is not set.",
            hint="Without it there may be one server process only: others would not hear its events.",
            id="chatapi.W002",
        )


def _mail() -> Iterator[CheckMessage]:
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") and not settings.EMAIL_HOST:
        yield Warning("EMAIL_HOST is not set.", hint="Nobody can log in without codes by mail.", id="chatapi.W003")


_ALWAYS: list[Callable[[], Iterator[CheckMessage]]] = [_origins, _rates]
_IN_PRODUCTION: list[Callable[[], Iterator[CheckMessage]]] = [_secret_key, _hosts, _rate_limits, _database, _mail]
