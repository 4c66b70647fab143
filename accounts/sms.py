"""Text messages: an interface, a backend that prints, and one for any provider that takes a POST.

`SMS_BACKEND` chooses: `console`, `http`, or nothing; then codes for numbers travel by mail.
"""

import json
import sys
import urllib.request
from typing import Any, Protocol
from urllib.parse import urlencode

from django.conf import settings

TIMEOUT_SECONDS = 10


class Backend(Protocol):
    """Whatever delivers text messages."""

    def send(self, *, to: str, text: str) -> None:
        """Hands one message over; `to` is in E.164. Raises OSError where that did not work: it is tried again."""


class Console:
    """For development: prints, and sends nothing."""

    def send(self, *, to: str, text: str) -> None:
        sys.stdout.write(f"\n--- SMS to {to}\n{text}\n---\n")
        sys.stdout.flush()


class Http:
    """Posts `{to, text}` to SMS_URL with SMS_TOKEN as bearer; the names of both fields and others are settings."""

    def send(self, *, to: str, text: str) -> None:
        fields = dict(entry.split("=", 1) for entry in settings.SMS_FIELDS)
        fields |= {settings.SMS_TO_FIELD: to, settings.SMS_TEXT_FIELD: text}
        _opener().open(_request(fields), timeout=TIMEOUT_SECONDS).close()


BACKENDS: dict[str, type[Console] | type[Http]] = {"console": Console, "http": Http}


def is_configured() -> bool:
    """Whether numbers can be reached at all."""
    return bool(settings.SMS_BACKEND)


def send(*, to: str, text: str) -> None:
    """Sends one message by the configured backend. Raises OSError where that did not work."""
    backend: Backend = BACKENDS[settings.SMS_BACKEND]()
    backend.send(to=to, text=text)


def _request(fields: dict[str, str]) -> urllib.request.Request:
    if settings.SMS_FORMAT == "form":
        kind, body = "application/x-www-form-urlencoded", urlencode(fields).encode()
    else:
        kind, body = "application/json", json.dumps(fields).encode()
    headers = {"Content-Type": kind}
    if settings.SMS_TOKEN:
        headers["Authorization"] = f"Bearer {settings.SMS_TOKEN}"
    return urllib.request.Request(settings.SMS_URL, body, headers, method="POST")  # noqa: S310 - accounts.checks


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token and the code to somewhere nobody configured: it is an error instead."""

    def redirect_request(self, *given: Any) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)
