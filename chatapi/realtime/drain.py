"""Leaving in order: on SIGTERM sockets are told when to come back and closed with 1012, then the server stops.

Neither server does that by itself: daphne drops connections without a close frame (F20). The delays are
spread, so that the clients of a big process do not all knock at once.
"""

import asyncio
import logging
import random
import signal
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Protocol

from chatapi.realtime.feed import Listener
from chatapi.realtime.frames import frame
from chatapi.realtime.wire import Frames

logger = logging.getLogger(__name__)

FINISH_SECONDS = 0.3
"""Between the announcement and the close: sends that are under way get their ack."""
CLOSE_SECONDS = 1.0
"""For close frames to leave."""
MILLISECONDS_PER_SOCKET = 10
LEAST_SPREAD_MS = 1_000
SERVER_RESTARTS = 1012


class Leaving(Protocol):
    """What has sockets to say goodbye to: the hub."""

    draining: bool

    @property
    def listeners(self) -> Sequence[Listener]:
        """The open sockets."""
        ...


def drain_on_sigterm(hub: Leaving) -> None:
    """Puts the draining before whatever the server does on SIGTERM. Only possible in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    servers_own = signal.getsignal(signal.SIGTERM)

    def on_sigterm(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, servers_own)
        asyncio.run_coroutine_threadsafe(_drain_and_stop(hub), loop)

    signal.signal(signal.SIGTERM, on_sigterm)


async def _drain_and_stop(hub: Leaving) -> None:
    try:
        await drain(hub)
    finally:
        signal.raise_signal(signal.SIGTERM)


async def drain(hub: Leaving) -> None:
    """Announces the restart to every socket, then closes it; new ones are turned away meanwhile."""
    hub.draining = True
    listeners = list(hub.listeners)
    logger.info("Leaving: %d sockets are asked to reconnect.", len(listeners))
    _announce(listeners)
    await asyncio.sleep(FINISH_SECONDS if listeners else 0)
    for listener in list(hub.listeners):
        listener.close(SERVER_RESTARTS)
    for _ in range(int(CLOSE_SECONDS / 0.05)):
        if not hub.listeners:
            break
        await asyncio.sleep(0.05)


def _announce(listeners: Sequence[Listener]) -> None:
    spread = max(LEAST_SPREAD_MS, len(listeners) * MILLISECONDS_PER_SOCKET)
    for listener in listeners:
        delay = random.randint(0, spread)  # noqa: S311 - a spread, not a secret
        listener.push(Frames([frame("server.restarting", {"reconnect_after_ms": delay})]))
