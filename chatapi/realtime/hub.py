"""The hub of a process: which sockets listen to which topic, and what they get, in order and without holes.

Events come from the bus. A topic exists here only while somebody listens to it. Delivery writes a ready frame to
every socket and wakes nobody.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.utils import timezone

from chatapi import database, metrics
from chatapi.limits import limits
from chatapi.realtime.bus import Receiver, bus
from chatapi.realtime.drain import drain_on_sigterm
from chatapi.realtime.event import Event
from chatapi.realtime.feed import Feed, Listener
from chatapi.realtime.inboxes import Inboxes, run_soon
from chatapi.realtime.repair import Repair
from chatapi.realtime.sources import sources, topic_source
from chatapi.realtime.turn import Turn
from chatapi.realtime.wire import Frames

logger = logging.getLogger(__name__)

QUIET_EVERY_SECONDS = 5
"""How often the database is asked for changes that nobody told: a process may die between commit and publish."""
IDLE_BEATS = 12
"""A room that only inboxes follow is forgotten after this many heartbeats without an event."""


class Hub:
    """All topics and sockets of one event loop. Every method runs on that loop."""

    def __init__(self) -> None:
        self._feeds: dict[str, Feed] = {}
        self._sessions: dict[str, list[Listener]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: dict[str, int] = {}
        self.turn = Turn()
        """Collects what the sockets send, so that each writes once."""
        self.draining = False
        """Whether the server is about to stop: no new sockets."""
        self._inboxes = Inboxes(self._feeds, lambda work: run_soon(self._tasks, work))
        self._repair = Repair(self._feeds, lambda work: run_soon(self._tasks, work), self._deliver)
        self._receiver = Receiver(deliver=self.receive, lost=self._repair.everything)

    def start(self) -> None:
        """Hooks into the bus and begins the regular work."""
        bus().attach(asyncio.get_running_loop(), self.receive)
        run_soon(self._tasks, self._pulse())
        drain_on_sigterm(self)
        if settings.CHANNEL_LAYERS:
            run_soon(self._tasks, self._receiver.run())

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

    def exit(self, listener: Listener) -> None:
        """Undoes `enter`."""
        listeners = self._sessions.get(listener.session, [])
        if listener in listeners:
            listeners.remove(listener)
            metrics.sockets_open.dec()
        if not listeners:
            self._sessions.pop(listener.session, None)

    @property
    def listeners(self) -> list[Listener]:
        """Every socket of the process."""
        return [listener for listeners in self._sessions.values() for listener in listeners]

    def join(self, topic: str, room: str, listener: Listener) -> None:
        """Registers `listener` before it reads its snapshot (F7)."""
        feed = self._feeds.setdefault(topic, Feed(topic))
        feed.room = feed.room or room
        feed.join(listener)

    def go_live(self, topic: str, listener: Listener, rev: int, marks: int) -> None:
        """Ends the joining of `listener`: it has everything up to `rev` and `marks` and gets what came meanwhile."""
        feed = self._feeds[topic]
        self._deliver(feed, feed.begin(rev, marks))
        listener.push(feed.go_live(listener, rev, marks))
        feed.note_head(rev, marks)
        self._repair.if_needed(feed)
        if self._inboxes and topic.startswith("room."):
            # What this snapshot had counts as old from now on; an inbox may not have had it yet.
            self._inboxes.follow(feed)

    def leave(self, topic: str, listener: Listener) -> None:
        """Forgets `listener` in `topic`; the topic goes with its last one, unless inboxes follow it."""
        feed = self._feeds.get(topic)
        if feed is not None:
            feed.leave(listener)
            if not feed.has_listeners and feed.members is None:
                del self._feeds[topic]

    async def enter_inbox(self, listener: Listener) -> None:
        """From now on `listener` gets the events of all rooms of its user."""
        await self._inboxes.enter(listener)

    def exit_inbox(self, listener: Listener) -> None:
        """Undoes `enter_inbox`."""
        self._inboxes.exit(listener)

    # Events

    def receive(self, events: Sequence[Event]) -> None:
        """Takes events from the bus, in any order, and delivers what is due; a room gets what came together as one."""
        due: dict[Feed, list[Event]] = {}
        for event in events:
            if event.close:
                self._deliver_all(due)
                self._close(event)
                continue
            feed = self._feeds.get(event.topic)
            if feed is None and self._inboxes and event.topic.startswith("room."):
                feed = self._feeds[event.topic] = Feed(event.topic)
            if feed is not None:
                if not feed.has_listeners:
                    feed.begin_before(event)
                due.setdefault(feed, []).extend(feed.offer(event))
        self._deliver_all(due)

    def _deliver_all(self, due: dict[Feed, list[Event]]) -> None:
        for feed, events in due.items():
            self._deliver(feed, events)
            self._repair.if_needed(feed)
        due.clear()

    def _deliver(self, feed: Feed, events: Sequence[Event]) -> None:
        for run in _runs(events):
            self._deliver_run(feed, run)

    def _deliver_run(self, feed: Feed, events: Sequence[Event]) -> None:
        self._idle.pop(feed.topic, None)
        feed.keep_for_joining(events)
        frames = Frames([event.text for event in events]) if feed.is_plain(events) else None
        for listener in list(feed.live):
            listener.push(feed.frames_for(listener, events) if frames is None or listener.floor else frames)
        if self._inboxes and feed.topic.startswith("room."):
            self._inboxes.deliver(feed, events)
        for event in events:
            if event.leaves:
                self._evict(feed, event.leaves)

    def _evict(self, feed: Feed, user: str) -> None:
        for listener in feed.of_user(user):
            feed.leave(listener)
            listener.close(4403)

    def _close(self, event: Event) -> None:
        kind, _, key = event.topic.partition(".")
        if kind == "session":
            for listener in list(self._sessions.get(key, [])):
                listener.close(event.close)

    # Regular work

    async def _pulse(self) -> None:
        """Once a second, a slice of the topics: look at their heads, repair, and send their heartbeat."""
        second = 0
        asked_at = timezone.now()
        while True:
            await asyncio.sleep(1)
            second += 1
            now_slice = second % limits().heartbeat_seconds
            try:
                await self._beat(now_slice)
                await self._end_sessions(now_slice)
                if settings.CHANNEL_LAYERS and self._inboxes and second % QUIET_EVERY_SECONDS == 0:
                    asked_at = await self._find_quiet_changes(asked_at)
            except Exception:
                logger.warning("A pulse was missed: the database is away.", exc_info=True)

    async def _beat(self, now_slice: int) -> None:
        feeds = [feed for feed in list(self._feeds.values()) if _slice(feed.topic) == now_slice]
        users = [user for user in self._inboxes.users if _slice(user) == now_slice]
        if not feeds and not users:
            return
        epoch = await self._repair.check(feeds)
        if not epoch:
            epoch = (await database.run(topic_source().heads, [])).epoch
        for feed in feeds:
            self._beat_room(feed, epoch)
        self._inboxes.beat([user for user in users if user in self._inboxes], epoch)

    def _beat_room(self, feed: Feed, epoch: str) -> None:
        if not feed.topic.startswith("room."):
            return
        if feed.has_listeners:
            heartbeat = Frames([feed.heartbeat(epoch)])
            for listener in list(feed.live):
                listener.push(heartbeat)
        elif self._idle.setdefault(feed.topic, 0) >= IDLE_BEATS or not self._inboxes:
            self._feeds.pop(feed.topic, None)
            self._idle.pop(feed.topic, None)
        else:
            self._idle[feed.topic] += 1

    async def _find_quiet_changes(self, since: dt.datetime) -> dt.datetime:
        """Looks for stored messages whose events never came; a room nobody follows yet is named by the heartbeat."""
        now = timezone.now()
        topics = await database.run(topic_source().quiet_changes, since - dt.timedelta(seconds=QUIET_EVERY_SECONDS))
        for topic in topics:
            self._inboxes.follow(self._feeds.setdefault(topic, Feed(topic)))
        await self._repair.check([self._feeds[topic] for topic in topics if topic in self._feeds])
        return now

    async def _end_sessions(self, now_slice: int) -> None:
        """Closes sockets of ended sessions whose event was lost (S36)."""
        sessions = [session for session in self._sessions if _slice(session) == now_slice]
        if sessions and sources.ended_sessions is not None:
            for session in await database.run(sources.ended_sessions, sessions):
                for listener in list(self._sessions.get(session, [])):
                    listener.close(4401)


def _runs(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """The events, cut before each coming and after each going: the members of the room are the same within a run."""
    start = 0
    for place, event in enumerate(events):
        if event.joins and place > start:
            yield events[start:place]
            start = place
        if event.leaves:
            yield events[start : place + 1]
            start = place + 1
    if start < len(events):
        yield events[start:]


def _slice(key: str) -> int:
    return hash(key) % limits().heartbeat_seconds


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
