"""The way between processes: numbers that tell of a loss, a layer that goes and comes back (F2-F4, F10)."""

import asyncio
import threading
import time

import pytest
from channels.layers import get_channel_layer
from django.db import connection

from chatapi import metrics
from chatapi.realtime import bus as module
from chatapi.realtime.bus import Bus, Receiver, bus
from chatapi.realtime.event import Event
from tests.servers import redis_server


class Ears:
    """What a hub would hear."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.losses = 0

    def deliver(self, events) -> None:
        self.events.extend(events)

    def lost(self) -> None:
        self.losses += 1

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events]


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def receiver(ears) -> Receiver:
    return Receiver(deliver=ears.deliver, lost=ears.lost)


def message(number: int, *texts: str, origin: str = "another process") -> dict[str, object]:
    events = [tuple(Event("room.1", text)) for text in texts]
    return {"type": "bus.events", "origin": origin, "hub": True, "number": number, "events": events}


async def test_numbers_without_a_gap_are_no_loss(receiver, ears):
    for heard in (message(1, "a"), message(1), message(2, "b", "c"), message(2), message(3, "d")):
        receiver._take(0, heard)
    assert (ears.texts, ears.losses) == (["a", "b", "c", "d"], 0)


async def test_a_missing_number_is_a_loss(receiver, ears):
    receiver._take(0, message(1, "a"))
    receiver._take(0, message(3, "c"))
    assert (ears.texts, ears.losses) == (["a", "c"], 1)


async def test_a_beat_tells_that_the_last_batch_was_lost(receiver, ears):
    receiver._take(0, message(1, "a"))
    receiver._take(0, message(2))
    assert ears.losses == 1


async def test_the_first_batch_of_a_new_process_may_be_lost_too(receiver, ears):
    receiver._take(0, message(1))
    assert ears.losses == 1


async def test_each_process_and_shard_counts_for_itself(receiver, ears):
    receiver._take(0, message(1, "a", origin="one"))
    receiver._take(0, message(1, "b", origin="two"))
    receiver._take(1, message(1, "c", origin="one"))
    assert ears.losses == 0


async def test_own_events_are_not_delivered_twice(receiver, ears):
    receiver._take(0, message(1, "a", origin=bus().origin))
    assert ears.texts == []


async def test_a_layer_that_was_away_has_lost_something(receiver, ears):
    receiver.away = True
    receiver._take(0, message(0, origin=bus().origin))
    assert (receiver.away, ears.losses) == (False, 1)


async def test_without_a_layer_events_go_straight_to_the_loop(settings, ears):
    settings.CHANNEL_LAYERS = {}
    own = Bus()
    own.attach(asyncio.get_running_loop(), ears.deliver)
    threads = [threading.Thread(target=own.send, args=([Event("room.1", str(n))],)) for n in range(20)]
    for thread in threads:
        thread.start()
        thread.join()
    await asyncio.sleep(0)
    assert ears.texts == [str(n) for n in range(20)]


async def test_nobody_listens_and_nothing_fails(settings):
    settings.CHANNEL_LAYERS = {}
    Bus().send([Event("room.1", "a")])


class RecordingLayer:
    def __init__(self) -> None:
        self.sent: list[dict] = []

    async def group_send(self, group, event) -> None:
        self.sent.append(event)


async def test_who_is_alone_only_counts_and_whoever_joins_finds_the_gap(settings, monkeypatch, receiver, ears):
    layer = RecordingLayer()
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(module, "get_channel_layer", lambda: layer)
    alone = Bus()
    alone.attach(asyncio.get_running_loop(), lambda _: None)
    alone.send([Event("room.1", "unheard")])
    await asyncio.sleep(0.05)
    assert layer.sent == []
    await alone.beat()
    receiver._take(0, layer.sent.pop())
    assert (ears.texts, ears.losses) == ([], 1)

    alone.hear_another()
    alone.send([Event("room.1", "heard")])
    await asyncio.sleep(0.05)
    receiver._take(0, layer.sent.pop())
    assert (ears.texts, ears.losses) == (["heard"], 1)


async def test_a_process_without_sockets_always_tells(settings, monkeypatch):
    """REST under gunicorn: it hears nobody, and nobody's sockets are its own."""
    layer = RecordingLayer()
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(module, "get_channel_layer", lambda: layer)
    await Bus()._publish(0, [Event("room.1", "told")])
    assert [(sent["number"], sent["hub"], len(sent["events"])) for sent in layer.sent] == [(1, False, 1)]


async def test_another_process_with_sockets_is_company_and_one_without_is_none(monkeypatch, receiver):
    monkeypatch.setattr(module, "_bus", Bus())
    bus().attach(asyncio.get_running_loop(), lambda _: None)
    receiver._take(0, message(0) | {"hub": False})
    assert bus()._is_alone
    receiver._take(0, message(0))
    assert not bus()._is_alone
    monkeypatch.setattr(module, "COMPANY_SECONDS", 0)
    receiver._take(0, message(0))
    assert bus()._is_alone


class FailingLayer:
    async def group_send(self, group, event) -> None:
        raise ConnectionError("away")


async def test_a_failing_layer_is_counted_and_shows_as_a_gap(settings, monkeypatch, ears, receiver):
    """F4: a failed doorbell fails nobody's send."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(module, "get_channel_layer", FailingLayer)
    before = metrics.publish_failed_total._value.get()
    own = Bus()
    own.attach(asyncio.get_running_loop(), ears.deliver)
    own.hear_another()
    own.send([Event("room.1", "a"), Event("room.1", "b")])
    await asyncio.sleep(0.05)
    assert ears.texts == ["a", "b"]  # own sockets do not depend on the layer
    assert metrics.publish_failed_total._value.get() - before == 2
    receiver._take(0, message(own._sent[0], origin="another process"))
    assert ears.losses == 1


async def test_too_much_for_an_absent_layer_is_dropped_and_shows_as_a_gap(settings, monkeypatch):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(module, "PENDING_EVENTS", 3)
    own = Bus()
    own._publishing = True  # the layer hangs
    own.send([Event("room.1", str(n)) for n in range(5)])
    assert ([event.text for event in own._pending], own._sent) == (["0", "1", "2"], [1])


# With a real Redis that dies


@pytest.fixture
def mortal_redis(settings):
    if connection.vendor != "postgresql":
        pytest.skip("belongs to the run with Redis")
    with redis_server() as server:
        layers = {name: dict(values) for name, values in settings.CHANNEL_LAYERS.items()}
        config = layers["default"]["CONFIG"]
        layers["default"]["CONFIG"] = config | {"hosts": [config["hosts"][0] | {"address": server.url}]}
        settings.CHANNEL_LAYERS = layers
        yield server


async def until(condition, seconds: float) -> None:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "not within the promised time"
        await asyncio.sleep(0.02)


async def beats(process: Bus) -> None:
    """What every process with sockets sends once a second."""
    while True:
        await asyncio.sleep(0.2)
        await process.beat()


@pytest.mark.timeout(120)
async def test_a_restarted_redis(mortal_redis, ears, receiver, monkeypatch):
    """F3, F4: nobody is deaf afterwards, the first publish passes, and the loss is noticed."""
    monkeypatch.setattr(module, "_bus", Bus())
    own = bus()
    own.attach(asyncio.get_running_loop(), lambda _: None)
    other = Bus()  # another process, as far as numbers go
    other.attach(asyncio.get_running_loop(), lambda _: None)
    other.hear_another()
    listening = asyncio.create_task(receiver.run())
    try:
        beating = asyncio.create_task(beats(other))
        await until(lambda: receiver._heard, 5)
        beating.cancel()
        other.send([Event("room.1", "before")])
        await until(lambda: ears.texts == ["before"], 5)
        losses = ears.losses  # none, unless the machine is so busy that a beat came late

        await asyncio.to_thread(mortal_redis.kill)
        other.send([Event("room.1", "lost")])
        await asyncio.sleep(1)
        await asyncio.to_thread(mortal_redis.start)

        failed = metrics.publish_failed_total._value.get()
        other.send([Event("room.1", "first after")])
        beating = asyncio.create_task(beats(other))
        # Noticed, or not lost at all: the publish is tried again, and may find the receiver back already.
        await until(lambda: ears.losses > losses or "lost" in ears.texts, 10)
        beating.cancel()
        assert metrics.publish_failed_total._value.get() == failed
        other.send([Event("room.1", "second after")])
        await until(lambda: "second after" in ears.texts, 1)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await get_channel_layer().flush()
