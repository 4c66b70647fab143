"""Ports that stay ours while a server is down.

A port that the system gives out may be taken, while the server on it is dead, by any connection that anybody opens. So
these come from below that range, in blocks; the first port of a block is held open for as long as the run lasts,
which keeps two runs apart.
"""

import random
import socket
from typing import Self

FIRST, LAST, BLOCK = 20_000, 31_980, 20


class Ports:
    """A block of free ports, as a context manager."""

    def __enter__(self) -> Self:
        starts = list(range(FIRST, LAST, BLOCK))
        random.SystemRandom().shuffle(starts)
        for start in starts:
            guard = listener_on(start)
            if guard is None:
                continue
            free = [port for port in range(start + 1, start + BLOCK) if is_free(port)]
            if len(free) >= BLOCK // 2:
                self._guard, self._free = guard, free
                return self
            guard.close()
        raise RuntimeError("no block of free ports")

    def __exit__(self, *_: object) -> None:
        self._guard.close()

    def take(self) -> int:
        """One more of them."""
        return self._free.pop()


def listener_on(port: int) -> socket.socket | None:
    """A socket that holds the port, unless somebody else does."""
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(1)
    except OSError:
        listener.close()
        return None
    return listener


def is_free(port: int) -> bool:
    """Whether a server could start there."""
    listener = listener_on(port)
    if listener is not None:
        listener.close()
    return listener is not None
