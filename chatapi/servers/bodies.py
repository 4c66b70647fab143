"""Bodies above the limit, or without a length, are refused from the headers alone, before a byte of them is kept.

Django would spool a body of any length to disk before the first middleware runs. The application gets such a request
with an empty body; its first look at the headers makes a 413 or 411 of it (`chatapi.middleware`).
"""

import asyncio
import contextlib
from typing import Any, cast

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler

from chatapi.requests import Utf8ASGIRequest

LINGER_SECONDS = 2.0
"""How long a client may go on sending what nobody keeps: cut off at once, it would not see the answer."""


def is_refused(length: int | None, *, chunked: bool) -> bool:
    """Whether a body of this length is not to be read."""
    return chunked or (length is not None and length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


class BoundedHandler(ASGIHandler):
    """Django under ASGI, which reads no body that it will refuse."""

    request_class = Utf8ASGIRequest

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        headers = dict(scope["headers"])
        digits = headers.get(b"content-length", b"")[:20]
        length = int(digits) if digits.isdigit() else None
        if is_refused(length, chunked=b"transfer-encoding" in headers):
            await super().__call__(scope, _Nothing().receive, cast(Any, _Last(receive, send).send))
        else:
            await super().__call__(scope, receive, send)


class _Nothing:
    """An empty body, and nothing after it."""

    def __init__(self) -> None:
        self._begun = False

    async def receive(self) -> dict[str, Any]:
        """What Django asks for: the body, then a disconnect that never comes."""
        if self._begun:
            await asyncio.Event().wait()
        self._begun = True
        return {"type": "http.request", "body": b"", "more_body": False}


class _Last:
    """The last answer of a connection; what the client still sends meanwhile is forgotten."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive, self._send = receive, send

    async def send(self, message: dict[str, Any]) -> None:
        """What Django answers."""
        if message["type"] == "http.response.start":
            await self._send(message | {"headers": [*message["headers"], (b"connection", b"close")]})
        elif message.get("more_body"):
            await self._send(message)
        else:
            await self._send(message | {"more_body": True})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._forget(), LINGER_SECONDS)
            await self._send({"type": "http.response.body", "body": b""})

    async def _forget(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
