"""The epoch: a name for the history that all numbers belong to.

Numbers only mean something within one history. A restored backup, or a PostgreSQL that failed over to a replica,
may take numbers again that clients have seen; the epoch changes then and clients take their rooms anew.
"""

import time
import uuid
from hashlib import sha256
from threading import Lock

from django.db import ProgrammingError, connection

from chatapi import ids
from chatapi.transactions import write_transaction
from conversations.models import Epoch

FRESH_SECONDS = 10.0

_lock = Lock()
_known: tuple[float, str] | None = None


def current_epoch() -> str:
    """The epoch, at most ten seconds old. Runs in a thread: it may ask the database."""
    global _known
    known = _known
    if known is not None and time.monotonic() - known[0] <= FRESH_SECONDS:
        return known[1]
    with _lock:  # one asks, the others wait for its answer
        if _known is None or _known is known:
            _known = (time.monotonic(), _read())
        return _known[1]


def renew_epoch() -> str:
    """Begins a new history, as after restoring a backup (`manage.py renew_epoch`)."""
    with write_transaction():
        Epoch.objects.all().delete()
        Epoch.objects.create(value=ids.uuid7())
    forget_epoch()
    return current_epoch()


def forget_epoch() -> None:
    """Makes the next call ask the database."""
    global _known
    _known = None


def _read() -> str:
    value = Epoch.objects.values_list("value", flat=True).first()
    parts = [str(value or uuid.UUID(int=0)), *_server_history()]
    return sha256(":".join(parts).encode()).hexdigest()[:16]


def _server_history() -> list[str]:
    """What PostgreSQL itself calls its history: the cluster and, after each failover, a new timeline."""
    if connection.vendor != "postgresql":
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT system_identifier FROM pg_control_system()")
            (cluster,) = cursor.fetchone()
            cursor.execute("SELECT timeline_id FROM pg_control_checkpoint()")
            (timeline,) = cursor.fetchone()
    except ProgrammingError:
        return []  # the role may not look; the stored value has to do
    return [str(cluster), str(timeline)]
