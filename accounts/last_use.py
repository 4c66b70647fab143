"""When sessions were last used: exact to a minute, so it may be written a second later, for many at once.

After a restart of a server every device comes back within seconds, and a transaction for each of them would cost more
than all that is read for their sockets. A process without sockets has no loop to wait on and writes at once.
"""

import asyncio
import datetime as dt
from threading import Lock
from uuid import UUID

from django.db.models import DateTimeField, UUIDField

from accounts.models import Session
from chatapi import database
from chatapi.statements import Given, Update

GATHER_SECONDS = 1.0

_lock = Lock()
_waiting: dict[UUID, dt.datetime] = {}
_loop: asyncio.AbstractEventLoop | None = None


def gather_on(loop: asyncio.AbstractEventLoop) -> None:
    """From now on uses are gathered, and written from this loop's process once a second."""
    global _loop
    if loop is not _loop:
        with _lock:
            _waiting.clear()  # nobody comes for what waits on another loop
            _loop = loop


def note_use(session_id: UUID, at: dt.datetime) -> None:
    """Says that a session was used. Runs in a database thread."""
    loop = _loop
    with _lock:
        is_first = not _waiting
        _waiting[session_id] = at
    if loop is None or loop.is_closed():
        write()
    elif is_first:
        loop.call_soon_threadsafe(_write_soon, loop)


def _write_soon(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_later(GATHER_SECONDS, lambda: database.run_later(write))


def write() -> None:
    """Writes what was gathered; one statement where all was at once, as after a restart."""
    with _lock:
        used = dict(_waiting)
        _waiting.clear()
    if len(used) == 1:
        ((session_id, at),) = used.items()
        _USED.run(session=session_id, now=at)
    elif used:
        Session.objects.filter(pk__in=list(used)).update(last_used_at=max(used.values()))


_USED = Update(
    lambda: Session.objects.filter(pk=Given("session", UUIDField())), last_used_at=Given("now", DateTimeField())
)
