"""What was queued while away goes out at once, within the limits that everybody gets."""

import asyncio
import json
import uuid

from websockets.asyncio.client import connect

from tests.end_to_end.people import Device, Json, persons, texts
from tests.end_to_end.site import Site

QUEUED = [f"message {number}" for number in range(100)]


def room_of_two(site: Site) -> tuple[Device, str]:
    alice, bob = persons(site, "alice", "bob")
    (room_name,) = site.shell.call("direct", one=alice.user["username"], others=[bob.user["username"]])
    return Device(site, alice), room_name


async def test_a_hundred_messages_at_once_over_one_socket(site: Site) -> None:
    alice, room_name = room_of_two(site)
    async with alice:
        url = f"{alice.socket_url}/ws/chat/{room_name}/"
        headers = {"Authorization": f"Bearer {alice.api.access}"}
        async with connect(url, additional_headers=headers, proxy=None) as socket:
            for number, text in enumerate(QUEUED):
                data = {"client_id": str(uuid.uuid4()), "text": text}
                await socket.send(json.dumps({"type": "message.send", "ref": str(number), "data": data}))
            acks: list[Json] = []
            while len(acks) < 100:
                frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
                assert frame["type"] in {"hello", "ready", "ack", "message.created"}, frame
                acks += [frame] if frame["type"] == "ack" else []
        assert [ack["ref"] for ack in acks] == [str(number) for number in range(100)]
        assert texts(await alice.everything(room_name)) == QUEUED


async def test_a_hundred_messages_over_rest(site: Site) -> None:
    alice, room_name = room_of_two(site)
    async with alice:
        for text in QUEUED:
            await alice.send(room_name, text)
        assert alice.calls["POST messages"] == 100
        assert texts(await alice.everything(room_name)) == QUEUED


async def test_what_was_said_without_a_connection_is_sent_in_order_when_there_is_one(site: Site) -> None:
    alice, room_name = room_of_two(site)
    async with alice:
        room = alice.live(room_name)
        answers = [room.post(text) for text in QUEUED]
        async with room:
            sent = await asyncio.gather(*answers)
        assert [message["seq"] for message in sent] == list(range(1, 101))
        assert room.outbox.bodies == []
        assert texts(await alice.everything(room_name)) == QUEUED
