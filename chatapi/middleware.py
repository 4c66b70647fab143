"""What surrounds every HTTP request. All of it runs without a thread hop, under WSGI and ASGI alike.

Django's own SecurityMiddleware and CommonMiddleware switch threads: with them a request under ASGI took 2.8 ms
instead of 1.7. The few lines of theirs that a JSON API needs are here instead.
"""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import SplitResult

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirectBase
from django.urls import is_valid_path

from chatapi import metrics
from chatapi.addresses import calling_address, client_address
from chatapi.errors import (
    InvalidHost,
    InvalidRequest,
    LengthRequired,
    MethodNotAllowed,
    NotFound,
    PermissionDenied,
    Problem,
    ServerError,
    TooLarge,
)
from chatapi.logging import request_id
from chatapi.origins import origin_allowed
from chatapi.problems import as_problem, problem_reply
from chatapi.servers.bodies import is_refused
from chatapi.throttling import Window, windows

GetResponse = Callable[[HttpRequest], Any]

access = logging.getLogger("chatapi.access")

_ACCEPTABLE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PROBLEM_OF_STATUS: dict[int, type[Problem]] = {
    problem.status: problem
    for problem in (InvalidRequest, PermissionDenied, NotFound, MethodNotAllowed, TooLarge, ServerError)
}


class Around:
    """A middleware of two steps, `before` and `after`, that never wait for anything."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._call_async(request)
        return self.after(request, self.before(request) or self.get_response(request))

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        return self.after(request, self.before(request) or await self.get_response(request))

    def before(self, request: HttpRequest) -> HttpResponseBase | None:
        """An early reply, or None to go on."""
        return None

    def after(self, request: HttpRequest, reply: HttpResponseBase) -> HttpResponseBase:
        """The reply to send."""
        return reply


class RequestIdMiddleware(Around):
    """Gives the request its id and its line in the access log, and the reply what is left of the rate limits."""

    def before(self, request: HttpRequest) -> HttpResponseBase | None:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id.set(given if _ACCEPTABLE_REQUEST_ID.fullmatch(given) else secrets.token_hex(16))
        request.request_id = request_id.get()  # type: ignore[attr-defined]
        request.began = time.monotonic()  # type: ignore[attr-defined]
        windows.set([])
        calling_address.set(client_address(request))
        problem = _refusal(request)
        return problem_reply(problem, request_id.get()) if problem else None

    def after(self, request: HttpRequest, reply: HttpResponseBase) -> HttpResponseBase:
        reply.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        _add_rate_limits(reply, windows.get() or [])
        metrics.http_requests_total.labels(f"{reply.status_code // 100}xx").inc()
        _log(request, reply)
        return reply


class SecurityHeadersMiddleware(Around):
    """Headers that tell browsers to do nothing with a reply but read it; a page may bring a policy of its own."""

    def after(self, request: HttpRequest, reply: HttpResponseBase) -> HttpResponseBase:
        for name, value in settings.SECURITY_HEADERS.items():
            reply.headers.setdefault(name, value)
        if isinstance(reply, HttpResponse):
            reply.headers.setdefault("Content-Length", str(len(reply.content)))
        return reply


class OriginMiddleware(CorsMiddleware):
    """CORS headers for exactly the origins that sockets accept too."""

    def origin_found_in_white_lists(self, origin: str, url: SplitResult) -> bool:
        return origin_allowed(origin)

    def add_response_headers(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Nothing but `Vary` where no page asks: apps and servers send no Origin."""
        if "HTTP_ORIGIN" in request.META or response.has_header("Vary"):
            return super().add_response_headers(request, response)
        if self.is_enabled(request):
            response.headers["Vary"] = "origin"
        return response


class ProblemMiddleware(Around):
    """The innermost one: whatever Django answers with an error page of its own leaves as a problem."""

    def after(self, request: HttpRequest, reply: HttpResponseBase) -> HttpResponseBase:
        kind = _PROBLEM_OF_STATUS.get(reply.status_code)
        if kind is None or reply.headers.get("Content-Type", "").startswith("application/"):
            return reply
        if kind is NotFound and request.resolver_match is None:
            return _no_such_address(request)
        problem = problem_reply(kind(), request.request_id)  # type: ignore[attr-defined]
        if reply.has_header("Allow"):
            problem.headers["Allow"] = reply.headers["Allow"]
        return problem

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """The reply to what a plain Django view raised; REST views have their own handler."""
        return problem_reply(as_problem(error), request.request_id)  # type: ignore[attr-defined]


def _refusal(request: HttpRequest) -> Problem | None:
    """What is wrong with the request before anybody looks at its address."""
    try:
        request.get_host()
    except DisallowedHost:
        return InvalidHost()
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return LengthRequired()  # Django would take the body for an empty one
    length = str(request.META.get("CONTENT_LENGTH") or "")[:20]
    if length.isdigit() and is_refused(int(length), chunked=False):
        return TooLarge()
    return None


class PermanentRedirectKeepingMethod(HttpResponseRedirectBase):
    """308: like 301, but the method stays."""

    status_code = 308


def _no_such_address(request: HttpRequest) -> HttpResponse:
    """A 404; where only the last slash is missing, the right address: as a redirect if nothing can be lost by it."""
    right = f"{request.path_info}/"
    if request.path_info.endswith("/") or not is_valid_path(right):
        return problem_reply(NotFound(detail="There is nothing at this address."), request_id.get())
    if request.method in {"GET", "HEAD"}:
        query = request.META.get("QUERY_STRING", "")
        return PermanentRedirectKeepingMethod(f"{right}?{query}" if query else right)
    return problem_reply(NotFound(detail=f"The address ends in a slash: {right}"), request_id.get())


def _add_rate_limits(reply: HttpResponseBase, met: list[Window]) -> None:
    """The fields of draft-ietf-httpapi-ratelimit-headers: `"user";r=1199;t=42` and `"user";q=1200;w=60`."""
    if met:
        reply.headers["RateLimit"] = ", ".join(f'"{one.scope}";r={one.remaining};t={one.reset_seconds}' for one in met)
        reply.headers["RateLimit-Policy"] = ", ".join(f'"{one.scope}";q={one.quota};w={one.seconds}' for one in met)


def _log(request: HttpRequest, reply: HttpResponseBase) -> None:
    """One line per request, without its query string: that may hold a token (S29)."""
    took = time.monotonic() - request.began  # type: ignore[attr-defined]
    access.info(
        "%s %s %s",
        request.method,
        request.path,
        reply.status_code,
        extra={"milliseconds": round(took * 1000, 1), "address": calling_address.get()},
    )
