"""The keys that sign tokens must be worth their name (S24)."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from accounts.sms import BACKENDS

MINIMUM_KEY_BYTES = 32
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")


@register(Tags.security)
def check_token_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """At least one key; each `kid:secret` with its own id, 256 bits, and nothing in common with SECRET_KEY."""
    if not settings.TOKEN_KEYS:
        return [
            Error(
                "TOKEN_KEYS is empty.", hint="Give kid:secret, for example 2026a:<48 random bytes>.", id="accounts.E001"
            )
        ]
    entries = [entry.partition(":") for entry in settings.TOKEN_KEYS]
    reasons = [reason for kid, _, secret in entries for reason in _faults(kid, secret)]
    reasons += [f"the key id {kid} appears twice" for kid, n in Counter(kid for kid, _, _ in entries).items() if n > 1]
    return [Error(f"TOKEN_KEYS: {reason}.", id="accounts.E002") for reason in reasons]


@register(Tags.security)
def check_sms(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A backend that exists; codes neither printed in production nor sent in the clear."""
    if settings.SMS_BACKEND not in {"", *BACKENDS}:
        return [
            Error(f"SMS_BACKEND is {settings.SMS_BACKEND!r}.", hint="console, http or nothing.", id="accounts.E003")
        ]
    if settings.SMS_BACKEND == "console" and not settings.DEBUG:
        return [Error("SMS_BACKEND=console prints codes.", hint="It is for development.", id="accounts.E004")]
    if settings.SMS_BACKEND == "http":
        return [Error(f"SMS: {fault}.", id="accounts.E005") for fault in _faults_of_http()]
    return []


def _faults_of_http() -> list[str]:
    url = urlsplit(settings.SMS_URL)
    local = url.scheme == "http" and url.hostname in {"localhost", "127.0.0.1", "::1"}
    faults = [] if (url.scheme == "https" and url.hostname) or local else ["SMS_URL must begin with https://"]
    if any("=" not in entry for entry in settings.SMS_FIELDS):
        faults.append("SMS_FIELDS is written like from=Chat,kind=code")
    if settings.SMS_FORMAT not in {"json", "form"}:
        faults.append("SMS_FORMAT is json or form")
    return faults


def _faults(kid: str, secret: str) -> list[str]:
    """What is wrong with one key, told without the secret."""
    faults = []
    if not _KID.fullmatch(kid):
        faults.append("a key id must be 1 to 32 letters, digits, _ or -")
    if len(secret.encode()) < MINIMUM_KEY_BYTES:
        faults.append(f"a secret has fewer than {MINIMUM_KEY_BYTES} bytes")
    if secret and secret == settings.SECRET_KEY:
        faults.append("a secret is the same as SECRET_KEY")
    return faults
