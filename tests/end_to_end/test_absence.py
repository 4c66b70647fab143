"""Back after a long time: the first screen in two requests, and then everything, without reading everything."""

import logging
import time

import pytest

from tests.end_to_end.people import Device, Json, persons, shared, texts, unique
from tests.end_to_end.site import Site

logger = logging.getLogger(__name__)

ROOMS = 300
MISSED = 20_000


@pytest.mark.timeout(240)
async def test_twenty_thousand_messages_and_three_hundred_rooms(site: Site) -> None:
    alice, bob = persons(site, "alice", "bob")
    prefix = unique("friend")
    friends = [session.user["username"] for session in persons(site, *[f"{prefix[-8:]}{n}" for n in range(ROOMS - 1)])]
    name, partner = alice.user["username"], bob.user["username"]
    room_name, *others = site.shell.call("direct", one=name, others=[partner, *friends])
    site.shell.call("say_everywhere", rooms=[room_name, *others], sender=name, texts=["before"])

    async with Device(site, alice) as device, Device(site, alice) as fresh:
        await device.sync()
        assert (len(device.rooms), device.calls["POST sync"]) == (ROOMS, 3)

        site.shell.call("say_everywhere", rooms=others, senders=friends, texts=["while you", "were away"])
        site.shell.call("say", room=room_name, sender=partner, texts=[f"message {n}" for n in range(MISSED)])

        device.calls.clear()
        began = time.monotonic()
        pages = device.sync_pages()
        first = await anext(pages)
        room = device.live(next(iter(first["rooms"])))
        await room.page()
        took = time.monotonic() - began
        assert device.calls.total() == 2
        logger.info("the first screen after %d ms", took * 1000)
        assert room.store.name == room_name
        assert texts(room.store.history) == [f"message {n}" for n in range(MISSED - 50, MISSED)]
        assert (room.store.unread_count, device.badge) == (MISSED, MISSED + 2 * (ROOMS - 1))

        async for _ in pages:
            pass
        assert device.calls["POST sync"] == 3
        assert {store.unread_count for store in device.rooms.values()} == {2, MISSED}
        assert all(texts(device.rooms[other].history)[-2:] == ["while you", "were away"] for other in others)
        device.calls.clear()
        await device.sync()
        assert device.calls["POST sync"] == 1

        await fresh.sync()
        for store in fresh.rooms.values():
            assert what_lists_show(device.rooms[store.name].room) == what_lists_show(store.room)
        assert [store.name for store in device.room_list] == [store.name for store in fresh.room_list]

        async with room:
            await room.connected()
            room.read()
            await room.until(lambda: room.store.receipts[alice.user["id"]]["read_seq"] == MISSED + 1)
        assert (await device.room(room_name))["my"]["unread_count"] == 0


def what_lists_show(room: Json) -> Json:
    return room | {"last_message": shared([room["last_message"]])}


async def test_a_socket_that_resumes_a_long_way_behind_goes_on_over_rest(site: Site) -> None:
    """More than a socket replays (1,000): the rest comes by `changes/`, and no page is read."""
    alice, bob = persons(site, "alice", "bob")
    (room_name,) = site.shell.call("direct", one=alice.user["username"], others=[bob.user["username"]])
    said = [f"message {n}" for n in range(2_500)]
    async with Device(site, alice) as device:
        room = device.live(room_name)
        async with room:
            await room.connected()
        site.shell.call("say", room=room_name, sender=bob.user["username"], texts=said)
        device.calls.clear()
        async with device.live(room_name) as room:
            await room.until(lambda: room.store.rev == 2_500)
        assert texts(room.store.history) == said
        assert device.calls["GET messages"] == 0
        assert device.calls["GET changes"] in {2, 3}  # a heartbeat in between asks once more
        assert room.store.unread_count == 2_500
