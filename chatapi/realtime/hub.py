"""The hub of a process: which sockets listen to which topic, and what they get, in order and without holes.

Events come from the bus. A topic exists here only while a socket listens to it. Delivery writes a ready frame to
every socket and wakes nobody. What the bus lost is repaired from the database: a hole after a short wait, a silent
loss when the bus or the regular look at the heads tells.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from django.conf import settings

from chatapi import database, metrics
from chatapi.limits import limits
from chatapi.realtime.bus import Receiver, bus
from chatapi.realtime.event import Event
from chatapi.realtime.feed import Feed, Listener
from chatapi.realtime.sources import TopicSource, sources

logger = logging.getLogger(__name__)

HOLE_SECONDS = 0.05
"""How long a hole may close by itself: two processes make holes of a millisecond all the time."""
HEADS_PER_QUERY = 500


class Hub:
    """All topics and sockets of one event loop. Every method runs on that loop."""

    def __init__(self) -> None:
        self._feeds: dict[str, Feed] = {}
        self._sessions: dict[str, list[Listener]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._checking_all = False
        self._receiver = Receiver(deliver=self.receive, lost=self.check_everything)

    def start(self) -> None:
        """Hooks into the bus and begins the regular work."""
        bus().attach(asyncio.get_running_loop(), self.receive)
        self._spawn(self._pulse())
        if settings.CHANNEL_LAYERS:
            self._spawn(self._receiver.run())

    async def stop(self) -> None:
        """Ends the regular work, for instance at the end of a test."""
        bus().detach(asyncio.get_running_loop())
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Sockets

    def enter(self, listener: Listener, maximum: int) -> None:
        """Counts `listener` in its session; above `maximum` of its kind the oldest one is closed with 4409."""
        listeners = self._sessions.setdefault(listener.session, [])
        listeners.append(listener)
        metrics.sockets_open.inc()
        alike = [other for other in listeners if other.kind == listener.kind]
        if len(alike) > maximum:
            self.exit(alike[0])
            alike[0].close(4409)

    def join(self, topic: str, room: str, listener: Listener) -> None:
        """Registers `listener` before it reads its snapshot (HARDENING F7)."""
        feed = self._feeds.get(topic)
        if feed is None:
            feed = self._feeds[topic] = Feed(topic, room)
        feed.join(listener)

    def go_live(self, topic: str, listener: Listener, rev: int, marks: int) -> None:
        """Ends the joining of `listener`: it has everything up to `rev` and `marks` and gets what came meanwhile."""
        feed = self._feeds[topic]
        self._deliver(feed, feed.start(rev, marks))
        kept = feed.go_live(listener, rev)
        self._send(feed, listener, kept)
        feed.note_head(rev, marks)
        self._repair_if_needed(feed)

    def leave(self, topic: str, listener: Listener) -> None:
        """Forgets `listener` in `topic`; the topic goes with its last one."""
        feed = self._feeds.get(topic)
        if feed is not None:
            feed.leave(listener)
            if feed.is_empty:
                del self._feeds[topic]

    def exit(self, listener: Listener) -> None:
        """Undoes `enter`."""
        listeners = self._sessions.get(listener.session, [])
        if listener in listeners:
            listeners.remove(listener)
            metrics.sockets_open.dec()
        if not listeners:
            self._sessions.pop(listener.session, None)

    # Events

    def receive(self, events: Sequence[Event]) -> None:
        """Takes events from the bus, in any order, and delivers what is due."""
        for event in events:
            if event.close:
                self._close(event)
                continue
            feed = self._feeds.get(event.topic)
            if feed is not None:
                self._deliver(feed, feed.offer(event))
                self._repair_if_needed(feed)

    def _deliver(self, feed: Feed, events: Sequence[Event]) -> None:
        if not events:
            return
        feed.keep_for_joining(events)
        if feed.is_plain(events):
            texts = [event.text for event in events]
            for listener in feed.live:
                if listener.floor:
                    self._send(feed, listener, events)
                else:
                    listener.push(texts)
        else:
            for listener in list(feed.live):
                self._send(feed, listener, events)
        for event in events:
            if event.leaves:
                self._evict(feed, event.leaves)

    def _send(self, feed: Feed, listener: Listener, events: Sequence[Event]) -> None:
        """The careful way: what this one listener may see of `events`."""
        snapshot = feed.snapshot_rev(listener)
        texts = []
        for event in events:
            if (event.rev and event.rev <= snapshot) or event.but_user == listener.user:
                continue
            hidden = 0 < event.seq < listener.floor
            texts.append(_topics().skip(feed.room, event) if hidden else event.text)
        listener.push(texts)

    def _evict(self, feed: Feed, user: str) -> None:
        for listener in feed.of_user(user):
            feed.leave(listener)
            listener.close(4403)

    def _close(self, event: Event) -> None:
        kind, _, key = event.topic.partition(".")
        if kind == "session":
            for listener in list(self._sessions.get(key, [])):
                listener.close(event.close)

    # Repair

    def check_everything(self) -> None:
        """Compares every topic with the database, soon and once: something was lost, nobody knows what."""
        if not self._checking_all:
            self._checking_all = True
            self._spawn(self._check_everything())

    async def _check_everything(self) -> None:
        await asyncio.sleep(HOLE_SECONDS)
        self._checking_all = False
        try:
            await self._check(list(self._feeds.values()))
        except Exception:
            logger.warning("The heads could not be read; the next pulse tries again.", exc_info=True)

    async def _check(self, feeds: Sequence[Feed]) -> str:
        """Reads the heads of `feeds`, repairs those that are behind, and returns the epoch."""
        epoch = ""
        for start in range(0, len(feeds), HEADS_PER_QUERY):
            part = [(feed, feed.rev) for feed in feeds[start : start + HEADS_PER_QUERY] if feed.started]
            heads = await database.run(_topics().heads, [feed.topic for feed, _ in part])
            epoch = heads.epoch
            for feed, delivered in part:
                rev, marks = heads.numbers.get(feed.topic, (0, 0))
                if rev < delivered:
                    self._start_over(feed)
                else:
                    feed.note_head(rev, marks)
                    self._repair_if_needed(feed)
        return epoch

    def _start_over(self, feed: Feed) -> None:
        """The database was restored to before what was delivered: clients reconnect and learn the new epoch."""
        for listener in list(feed.live):
            listener.close(1012)

    def _repair_if_needed(self, feed: Feed) -> None:
        if feed.has_hole and not feed.repairing and self._feeds.get(feed.topic) is feed:
            feed.repairing = True
            self._spawn(self._repair(feed))

    async def _repair(self, feed: Feed) -> None:
        """Gives a hole a moment to close by itself, then reads what is missing; one repair of a topic at a time."""
        try:
            await asyncio.sleep(HOLE_SECONDS)
            while feed.has_hole and self._feeds.get(feed.topic) is feed:
                missed = await database.run(_topics().missed, feed.topic, rev=feed.rev, marks=feed.marks)
                metrics.hub_repairs_total.inc()
                self._deliver(feed, feed.apply(missed))
                if missed.complete and feed.has_hole:
                    await asyncio.sleep(HOLE_SECONDS)  # the rows that wait here are newer than the heads just read
        except Exception:
            logger.warning("A topic could not be repaired; trying again.", exc_info=True)
            await asyncio.sleep(1)
        finally:
            feed.repairing = False
        self._repair_if_needed(feed)

    # Regular work

    async def _pulse(self) -> None:
        """Once a second, a slice of the topics: look at their heads, repair, and send their heartbeat."""
        second = 0
        while True:
            await asyncio.sleep(1)
            second += 1
            try:
                await self._beat(second % limits().heartbeat_seconds)
                await self._end_sessions(second % limits().heartbeat_seconds)
            except Exception:
                logger.warning("A pulse was missed: the database is away.", exc_info=True)

    async def _beat(self, slice_number: int) -> None:
        feeds = [feed for feed in self._feeds.values() if _slice(feed.topic) == slice_number and feed.started]
        if not feeds:
            return
        epoch = await self._check(feeds)
        for feed in feeds:
            text = _topics().heartbeat(feed.room, rev=feed.rev, marks=feed.marks, epoch=epoch)
            for listener in list(feed.live):
                listener.push([text])

    async def _end_sessions(self, slice_number: int) -> None:
        """Closes sockets of ended sessions whose event was lost (HARDENING S36)."""
        sessions = [session for session in self._sessions if _slice(session) == slice_number]
        if sessions and sources.ended_sessions is not None:
            for session in await database.run(sources.ended_sessions, sessions):
                for listener in list(self._sessions.get(session, [])):
                    listener.close(4401)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def listeners(self) -> Iterable[Listener]:
        """Every socket of the process."""
        return [listener for listeners in self._sessions.values() for listener in listeners]


def _slice(key: str) -> int:
    return hash(key) % limits().heartbeat_seconds


def _topics() -> TopicSource:
    if sources.topics is None:
        raise RuntimeError("No app has said where topics come from.")
    return sources.topics


_hubs: dict[int, tuple[asyncio.AbstractEventLoop, Hub]] = {}


def hub() -> Hub:
    """The hub of the running loop, started at its first use (ASGI servers without lifespan give no other moment)."""
    loop = asyncio.get_running_loop()
    known = _hubs.get(id(loop))
    if known is None or known[0] is not loop:
        _hubs.clear()  # a process has one serving loop; in tests one follows the other
        known = _hubs[id(loop)] = (loop, Hub())
        known[1].start()
    return known[1]
