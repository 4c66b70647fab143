"""Who has logged out hears nothing more, on whatever process (S35, S36)."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chatclient import SessionEnded
from tests.end_to_end.people import Device, another_device, persons
from tests.end_to_end.site import Site


async def test_sockets_of_a_session_close_with_it_on_every_process(site: Site) -> None:
    alice, bob = persons(site, "alice", "bob")
    (room_name,) = site.shell.call("direct", one=alice.user["username"], others=[bob.user["username"]])
    other = another_device(site, alice)
    async with AsyncExitStack() as stack:
        sockets = []
        for session in (alice, other):
            for base in site.sockets:
                url = f"{base.replace('http', 'ws', 1)}/ws/chat/{room_name}/"
                headers = {"Authorization": f"Bearer {session.access}"}
                sockets.append(await stack.enter_async_context(connect(url, additional_headers=headers, proxy=None)))
        for socket in sockets:
            assert [json.loads(await socket.recv())["type"] for _ in range(2)] == ["hello", "ready"]
        ended, living = sockets[: len(site.sockets)], sockets[len(site.sockets) :]

        async with Device(site, alice) as phone, Device(site, other) as laptop:
            await phone.logout()
            async with asyncio.timeout(2):
                assert [await close_code(socket) for socket in ended] == [4401] * len(ended)
            await laptop.send(room_name, "still here")
            for socket in living:
                assert json.loads(await socket.recv())["type"] == "message.created"


async def close_code(socket: Any) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        await socket.recv()
    return closed.value.rcvd.code if closed.value.rcvd else 0


async def test_a_live_room_ends_when_its_session_was_ended_elsewhere(site: Site) -> None:
    (alice,) = persons(site, "alice")
    other = another_device(site, alice)
    async with Device(site, alice) as phone, Device(site, other) as laptop:
        room_name = (await phone.open_direct(phone.name)).name
        async with phone.live(room_name) as room:
            await room.connected()
            await laptop.api.call("DELETE", f"accounts/sessions/{alice.id}/")
            with pytest.raises(SessionEnded):
                await asyncio.wait_for(room.until(lambda: False), 5)
            with pytest.raises(SessionEnded):
                await room.send("too late")
