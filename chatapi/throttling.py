"""Rate limits: atomic counters in Redis, or in this process's memory where there is no Redis.

A limit is a fixed window: one INCR of 40 us and 56 bytes per caller. (A moving window, with what the headers need, took
109 us and 25 kB at 1,200 calls.) Each key's windows begin at a moment of its own, so that callers do not all come back
at the full minute.

When Redis is away the counters go on in memory: each process then counts for itself, so a limit is at most multiplied
by the number of processes, and never gone.
"""

import contextvars
import time
import zlib
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import TYPE_CHECKING

from django.conf import settings
from limits import RateLimitItem, parse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from chatapi.addresses import address_key, client_address
from chatapi.counters import counter
from chatapi.errors import RateLimited

if TYPE_CHECKING:  # rest_framework.views itself imports the default throttles, which is this module
    from rest_framework.views import APIView

__all__ = ["CallerThrottle", "Window", "address_key", "client_address", "limit", "windows"]


@dataclass(frozen=True, slots=True)
class Window:
    """What is left of one limit: `remaining` calls within the next `reset_seconds`."""

    scope: str
    quota: int
    seconds: int
    remaining: int
    reset_seconds: int


windows: contextvars.ContextVar[list[Window] | None] = contextvars.ContextVar("windows", default=None)
"""The limits that the request under way has met; the middleware turns them into RateLimit headers."""


def limit(scope: str, key: str, *, cost: int = 1) -> None:
    """Count `cost` calls of `key` against the rate of `scope` in settings.RATES.

    Raises RateLimited once the rate is used up. Does nothing when settings.RATE_LIMITS is off.
    """
    if not settings.RATE_LIMITS:
        return
    rate = _rate(settings.RATES[scope])
    seconds = rate.get_expiry()
    number, left = _window(f"{scope}/{key}", seconds)
    count = counter().add(f"{scope}/{key}/{number}", cost, seconds=seconds)
    _report(Window(scope, rate.amount, seconds, max(0, rate.amount - count), ceil(left)))
    if count > rate.amount:
        raise RateLimited(retry_after_ms=ceil(left * 1000), detail=f"Too many requests: {settings.RATES[scope]}.")


class CallerThrottle(BaseThrottle):
    """The general limit of every REST call: per user, or per address for callers who are not logged in."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if getattr(request.user, "is_authenticated", False):
            limit("user", str(request.user.pk))
        else:
            limit("anonymous", address_key(client_address(request)))
        return True


@cache
def _rate(text: str) -> RateLimitItem:
    return parse(text)


def _window(name: str, seconds: int) -> tuple[int, float]:
    """The number of the window that `name` is in, and the seconds until it ends."""
    shifted = time.time() + zlib.crc32(name.encode()) % seconds
    return int(shifted // seconds), seconds - shifted % seconds


def _report(window: Window) -> None:
    seen = windows.get()
    if seen is not None:
        seen.append(window)
