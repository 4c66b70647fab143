"""Write transactions, the same on both databases."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_sqlite_writer = threading.RLock()


@contextmanager
def write_transaction() -> Iterator[None]:
    """An atomic block that is going to write.

    SQLite knows one writer at a time and lets the others poll for the lock; queueing them here in the process keeps
    them in order and without polling. PostgreSQL has row locks and needs nothing.
    """
    if connection.vendor == "sqlite":
        with _sqlite_writer, transaction.atomic():
            yield
    else:
        with transaction.atomic():
            yield
