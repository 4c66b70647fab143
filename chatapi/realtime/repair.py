"""Repair: what the bus lost is read from the database, one reading of a topic at a time."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from chatapi import database, metrics
from chatapi.realtime.event import Event
from chatapi.realtime.feed import Feed
from chatapi.realtime.inboxes import Spawn
from chatapi.realtime.sources import topic_source

logger = logging.getLogger(__name__)

HOLE_SECONDS = 0.05
"""How long a hole may close by itself: two processes make holes of a millisecond all the time."""
HEADS_PER_QUERY = 500


class Repair:
    """Keeps the feeds of a hub level with the database."""

    def __init__(self, feeds: dict[str, Feed], spawn: Spawn, deliver: Callable[[Feed, Sequence[Event]], None]) -> None:
        self._feeds = feeds
        self._spawn = spawn
        self._deliver = deliver
        self._checking_all = False

    def everything(self) -> None:
        """Compares every topic with the database, soon and once: something was lost, nobody knows what."""
        if not self._checking_all:
            self._checking_all = True
            self._spawn(self._everything())

    async def _everything(self) -> None:
        await asyncio.sleep(HOLE_SECONDS)
        self._checking_all = False
        try:
            await self.check(list(self._feeds.values()))
        except Exception:
            logger.warning("The heads could not be read; the next pulse tries again.", exc_info=True)

    async def check(self, feeds: Sequence[Feed]) -> str:
        """Reads the heads of `feeds`, repairs those that are behind, and returns the epoch."""
        epoch = ""
        for start in range(0, len(feeds), HEADS_PER_QUERY):
            part = [(feed, feed.durable.number) for feed in feeds[start : start + HEADS_PER_QUERY]]
            heads = await database.run(topic_source().heads, [feed.topic for feed, _ in part])
            epoch = heads.epoch
            for feed, delivered in part:
                rev, marks = heads.numbers.get(feed.topic, (0, 0))
                if rev < delivered:
                    self._start_over(feed)
                else:
                    self._begin_or_note(feed, rev, marks)
                    self.if_needed(feed)
        return epoch

    def _begin_or_note(self, feed: Feed, rev: int, marks: int) -> None:
        """A topic that only inboxes follow begins where it is first seen."""
        if not feed.has_listeners:
            self._deliver(feed, feed.begin(rev, marks))
        feed.note_head(rev, marks)

    def _start_over(self, feed: Feed) -> None:
        """The database was restored to before what was delivered: clients reconnect and learn the new epoch."""
        for listener in list(feed.live):
            listener.close(1012)
        if not feed.has_listeners:
            self._feeds.pop(feed.topic, None)

    def if_needed(self, feed: Feed) -> None:
        """Repairs `feed` soon if it has a hole and nobody is at it."""
        if feed.has_hole and not feed.repairing and self._feeds.get(feed.topic) is feed:
            feed.repairing = True
            self._spawn(self._repair(feed))

    async def _repair(self, feed: Feed) -> None:
        """Gives a hole a moment to close by itself, then reads what is missing until nothing is."""
        try:
            await asyncio.sleep(HOLE_SECONDS)
            while feed.has_hole and self._feeds.get(feed.topic) is feed:
                rev, marks = feed.durable.number, feed.receipts.number
                missed = await database.run(topic_source().missed, feed.topic, rev=max(rev, 0), marks=max(marks, 0))
                metrics.hub_repairs_total.inc()
                self._deliver(feed, feed.apply(missed))
                if missed.complete and feed.has_hole:
                    await asyncio.sleep(HOLE_SECONDS)  # what waits here is newer than the heads just read
        except Exception:
            logger.warning("A topic could not be repaired; trying again.", exc_info=True)
            await asyncio.sleep(1)
        finally:
            feed.repairing = False
        self.if_needed(feed)
