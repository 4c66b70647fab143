"""What a turn of the event loop wants to send leaves at its end: one write per socket, however much fell due."""

import asyncio
import logging
from typing import Protocol

logger = logging.getLogger(__name__)


class Outgoing(Protocol):
    """Something that has frames to send."""

    def leave(self) -> None:
        """Sends what was pushed."""


class Turn:
    """Who has something to send. A delivery and the answers to the same commit are a turn apart, so two turns count."""

    __slots__ = ("_outgoing",)

    def __init__(self) -> None:
        self._outgoing: list[Outgoing] = []

    def add(self, outgoing: Outgoing) -> None:
        """Lets `outgoing` leave soon; called once for each time it has something."""
        if not self._outgoing:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self.end)
        self._outgoing.append(outgoing)

    def end(self) -> None:
        """Sends everything now."""
        outgoing, self._outgoing = self._outgoing, []
        for one in outgoing:
            try:
                one.leave()
            except Exception:
                logger.exception("A socket could not be written to.")
