"""The requests of both servers, with one rule of our own: this API is UTF-8, whatever a header claims.

Django reads the parameters of `Content-Type` before any middleware, and what cannot be decoded there (RFC 2231) or
names no text encoding would be an error of the server instead of the client's.
"""

from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest


class Utf8ASGIRequest(ASGIRequest):
    """A request under ASGI."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        _read_media_type(self, meta)


class Utf8WSGIRequest(WSGIRequest):
    """A request under WSGI."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        _read_media_type(self, meta)


def _read_media_type(request: ASGIRequest | WSGIRequest, meta: dict[str, Any]) -> None:
    """The media type, and the boundary where there is one; every other parameter is passed over."""
    kind, _, parameters = meta.get("CONTENT_TYPE", "").partition(";")
    request.content_type = kind.strip().lower()
    request.content_params = {}
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "boundary":
            request.content_params["boundary"] = value.strip().strip('"')
