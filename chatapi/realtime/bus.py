"""The way between processes: every socket process hears every event of the site.

With a channel layer, events leave in batches, numbered per process. A hub that finds a number missing knows that
it lost something and checks its topics against the database; a beat a second makes that hold for the last batch
too, and a process that does not hear its own beat knows that the layer is away. Without a layer (one process) the
events go straight to the hub's loop.

A process that has heard of no other with a hub lately only counts its batches: whoever joins finds a number missing.
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from chatapi import metrics
from chatapi.realtime.event import Event

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
COMPANY_SECONDS = 3 * BEAT_SECONDS
"""How long a process counts as there after it was heard."""
PENDING_EVENTS = 20_000
"""Events kept while the layer does not take them; what is above is dropped, counted and repaired by the hubs."""

Deliver = Callable[[Sequence[Event]], None]


class Bus:
    """The sending side of one process, usable from any thread; the hub hooks into it to hear its own events."""

    def __init__(self) -> None:
        self.origin = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deliver: Deliver | None = None
        self._pending: list[Event] = []
        self._publishing = False
        self._beat_owed = False
        self._company_until = 0.0
        self._sent = [0] * settings.BUS_SHARDS

    def attach(self, loop: asyncio.AbstractEventLoop, deliver: Deliver) -> None:
        """Hands all events of this process to `deliver` on `loop`, which from now on also carries the publishing."""
        self._loop, self._deliver = loop, deliver

    def detach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Undoes `attach`, when the loop ends."""
        if self._loop is loop:
            self._loop = self._deliver = None

    def send(self, events: list[Event]) -> None:
        """Delivers `events` to the sockets of this process and queues them for the others."""
        loop, deliver = self._loop, self._deliver
        if loop is not None and deliver is not None:
            with contextlib.suppress(RuntimeError):  # the loop closed: its sockets are gone, too
                loop.call_soon_threadsafe(deliver, events)
        if settings.CHANNEL_LAYERS:
            self._queue(events, loop or _publishing_loop())

    def _queue(self, events: list[Event], loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            room = PENDING_EVENTS - len(self._pending)
            if room < len(events):
                metrics.publish_failed_total.inc(len(events) - max(room, 0))
                self._sent = [number + 1 for number in self._sent]  # a missing number: the hubs will look
            self._pending.extend(events[: max(room, 0)])
            if self._publishing:
                return
            self._publishing = True
        with contextlib.suppress(RuntimeError):
            asyncio.run_coroutine_threadsafe(self._publish_pending(), loop)

    async def _publish_pending(self) -> None:
        while True:
            with self._lock:
                events, self._pending = self._pending, []
                if not events:
                    self._publishing = False
                    break
            for shard, batch in _by_shard(events).items():
                await self._publish(shard, batch)
        if self._deliver is None and not self._beat_owed:
            self._beat_owed = True  # a process without a hub beats once after it spoke
            await asyncio.sleep(BEAT_SECONDS)
            self._beat_owed = False
            await self.beat()

    async def beat(self) -> None:
        """Says to every shard how far this process has counted."""
        for shard in range(settings.BUS_SHARDS):
            await self._publish(shard, [])

    def hear_another(self) -> None:
        """Notes that another process has a hub."""
        self._company_until = time.monotonic() + COMPANY_SECONDS

    @property
    def _is_alone(self) -> bool:
        return self._deliver is not None and time.monotonic() > self._company_until

    async def _publish(self, shard: int, events: list[Event]) -> None:
        if events:
            self._sent[shard] += 1
            if self._is_alone:
                return
        message = {
            "type": "bus.events",
            "origin": self.origin,
            "hub": self._deliver is not None,
            "number": self._sent[shard],
            "events": [tuple(event) for event in events],
        }
        layer = get_channel_layer()
        try:
            await asyncio.wait_for(layer.group_send(shard_group(shard), message), timeout=3)
            metrics.published_total.inc(len(events))
        except Exception as error:  # noqa: BLE001 - whatever ails the layer, the rows stand and the hubs repair
            metrics.publish_failed_total.inc(len(events))
            if events:
                logger.warning("The channel layer took %d events no further: %r", len(events), error)


def shard_group(shard: int) -> str:
    """The channel-layer group that carries a shard of the rooms."""
    return f"bus.{shard}"


def _by_shard(events: Sequence[Event]) -> dict[int, list[Event]]:
    if settings.BUS_SHARDS == 1:
        return {0: list(events)}
    batches: dict[int, list[Event]] = {}
    for event in events:
        batches.setdefault(zlib.crc32(event.topic.encode()) % settings.BUS_SHARDS, []).append(event)
    return batches


class Receiver:
    """The receiving side of a hub: joins all shards and tells when something was lost on the way."""

    def __init__(self, *, deliver: Deliver, lost: Callable[[], None]) -> None:
        self._deliver = deliver
        self._lost = lost
        self._heard: dict[tuple[int, str], int] = {}
        self._own_beat_at = 0.0
        self.away = False
        """Whether the layer swallows our beats at the moment."""

    async def run(self) -> None:
        """Listens to every shard until cancelled."""
        async with asyncio.TaskGroup() as group:
            for shard in range(settings.BUS_SHARDS):
                group.create_task(self._listen(shard))
            group.create_task(self._beat())

    async def _listen(self, shard: int) -> None:
        layer: Any = get_channel_layer()
        while True:
            try:
                channel = await layer.new_channel()
                await layer.group_add(shard_group(shard), channel)
                while True:
                    self._take_safely(shard, await layer.receive(channel))
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the layer is away: try again until it is back
                logger.warning("Listening to the channel layer failed: %r", error)
                self._lost()
                await asyncio.sleep(0.5)

    def _take_safely(self, shard: int, message: dict[str, Any]) -> None:
        """A message that cannot be understood (of another version, during an upgrade) costs a look at the heads."""
        try:
            self._take(shard, message)
        except Exception:
            logger.exception("A message on the bus could not be taken.")
            self._lost()

    def _take(self, shard: int, message: dict[str, Any]) -> None:
        origin, number = message["origin"], message["number"]
        if origin == bus().origin:
            self._hear_myself()
            return
        if message.get("hub", True):
            bus().hear_another()
        events = message["events"]
        heard = self._heard.get((shard, origin), 0)  # a process's first batch can be lost as well
        if number != heard + bool(events):
            self._lost()
        self._heard[shard, origin] = number
        if events:
            self._deliver([Event(*values) for values in events])

    def _hear_myself(self) -> None:
        self._own_beat_at = asyncio.get_running_loop().time()
        if self.away:
            self.away = False
            self._lost()

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        self._own_beat_at = loop.time()
        while True:
            await bus().beat()
            await asyncio.sleep(BEAT_SECONDS)
            if loop.time() - self._own_beat_at > 3 * BEAT_SECONDS:
                self.away = True


_bus: Bus | None = None
_loop_of_threads: asyncio.AbstractEventLoop | None = None
_start_lock = threading.Lock()


def bus() -> Bus:
    """The bus of this process."""
    return _bus or _first_bus()


def _first_bus() -> Bus:
    global _bus
    with _start_lock:
        if _bus is None:
            _bus = Bus()
        return _bus


def _forget() -> None:
    """A forked worker gets a bus of its own."""
    global _bus, _loop_of_threads
    _bus = _loop_of_threads = None


os.register_at_fork(after_in_child=_forget)


def _publishing_loop() -> asyncio.AbstractEventLoop:
    """The one event loop of a process of threads (gunicorn): it keeps the layer's connection between publishes."""
    global _loop_of_threads
    with _start_lock:
        if _loop_of_threads is None:
            _loop_of_threads = asyncio.new_event_loop()
            threading.Thread(target=_loop_of_threads.run_forever, name="bus", daemon=True).start()
    return _loop_of_threads
