"""Slow password hashes, a few at a time: the dearest thing that a stranger can ask for.

Sixty logins at once would share the processors with everything else for 18 s. So the rest waits, and whoever has
waited for too long is asked to come back; known or not, everybody waits alike (S2).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from chatapi.errors import Unavailable

WAIT_SECONDS = 5.0
RETRY_MS = 2_000

_free = threading.BoundedSemaphore(settings.PASSWORD_HASHES)


@contextmanager
def hashing() -> Iterator[None]:
    """A turn to hash or check one password. Raises Unavailable where none comes in time."""
    if not _free.acquire(timeout=WAIT_SECONDS):
        raise Unavailable(detail="Too many people are logging in at the moment.", retry_after_ms=RETRY_MS)
    try:
        yield
    finally:
        _free.release()
