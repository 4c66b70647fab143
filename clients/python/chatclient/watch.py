"""Waiting for a change."""

import asyncio
from collections.abc import Callable


class Watch:
    """Lets any number of tasks wait until something holds, or until the end is told."""

    def __init__(self) -> None:
        self.ended: Exception | None = None
        self._watchers: list[asyncio.Future[None]] = []

    def changed(self) -> None:
        """Makes those who wait look again."""
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)

    def end(self, error: Exception) -> None:
        """Nothing will change any more."""
        self.ended = error
        self.changed()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns when `holds()`. Raises what ended it all."""
        while not holds():
            if self.ended is not None:
                raise self.ended
            watcher = asyncio.get_running_loop().create_future()
            self._watchers.append(watcher)
            await watcher
