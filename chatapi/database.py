"""Database work of sockets: a few long-lived threads with connections of their own (F11, F12).

The event loop never waits for the database, and a slow query in one room holds up one thread, not the one thread
that all of Channels shares. More work than threads waits in the pool's queue.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from chatapi.errors import Problem

P = ParamSpec("P")
T = TypeVar("T")

IDLE_SECONDS = 5.0
"""A connection unused for longer is asked whether it still lives before work is given to it."""

_local = threading.local()
logger = logging.getLogger(__name__)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.SOCKET_DATABASE_THREADS, thread_name_prefix="socket-database")


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `function`, called in a database thread.

    A connection that turns out to be dead is replaced and `function` called once more, so it has to be safe to
    repeat: reads are, and so is every action of this project (sends by `client_id`, marks by never going back).
    """
    return await asyncio.get_running_loop().run_in_executor(_threads(), partial(call, function, *args, **kwargs))


def run_later(function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Calls `function` in a database thread; nobody waits for it, and a failure is only logged."""
    _threads().submit(_call_and_log, partial(function, *args, **kwargs))


def _call_and_log(function: Callable[[], object]) -> None:
    try:
        call(function)
    except Problem:
        pass  # it is no longer possible, and nobody wants to know
    except Exception:
        logger.info("Something that nobody waited for failed.", exc_info=True)


def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `run`, in this thread: for the first question of a request, too."""
    _replace_dead_connection(idle=time.monotonic() - getattr(_local, "used_at", 0.0) > IDLE_SECONDS)
    # Done by the line above, and by the repeat below: Django would ask at every request.
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return function(*args, **kwargs)
    except (OperationalError, InterfaceError):
        if not _replace_dead_connection(idle=True):
            raise
        return function(*args, **kwargs)
    finally:
        _local.used_at = time.monotonic()


def _replace_dead_connection(*, idle: bool) -> bool:
    """Drops this thread's connection if it is dead; True when it was."""
    if connection.connection is None or not (idle or connection.errors_occurred):
        return False
    if connection.is_usable():
        connection.errors_occurred = False
        return False
    connection.close()
    return True


def close_connections() -> None:
    """Ends the threads and their connections, as at the end of a process or of a test."""
    threads = _threads()
    barrier = threading.Barrier(settings.SOCKET_DATABASE_THREADS)

    def close() -> None:
        barrier.wait(timeout=10)
        connection.close()

    for job in [threads.submit(close) for _ in range(settings.SOCKET_DATABASE_THREADS)]:
        job.result()
    threads.shutdown()
    _threads.cache_clear()
