"""The first chat of two people who know nothing but the address: HTTP, sockets, and the codes from their mail."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect

from chatclient import Problem
from tests.end_to_end.people import PASSWORD, Device, code_for, register, texts
from tests.end_to_end.site import Site


async def test_two_people_register_log_in_and_talk(site: Site) -> None:
    async with AsyncExitStack() as stack:
        alice, bob = [await stack.enter_async_context(device) for device in await both(site)]
        room_name = (await alice.open_direct(bob.name)).name
        assert (await bob.open_direct(alice.name)).name == room_name

        there = await stack.enter_async_context(bob.live(room_name))
        here = await stack.enter_async_context(alice.live(room_name))
        await asyncio.gather(here.connected(), there.connected())

        sent = await here.send("hello Bob")
        await there.until(lambda: texts(there.store.history) == ["hello Bob"])
        assert there.store.unread_count == 1
        there.read()
        await here.until(lambda: here.store.ticks == {"delivered_seq": sent["seq"], "read_seq": sent["seq"]})

        await there.send("hello Alice", reply_to=sent["id"])
        await here.until(lambda: texts(here.store.history) == ["hello Bob", "hello Alice"])
        assert here.store.history[1]["reply_to"]["text"] == "hello Bob"
        assert (await bob.room(room_name))["my"]["unread_count"] == 0


async def both(site: Site) -> list[Device]:
    return list(await asyncio.gather(register(site, "alice"), register(site, "bob")))


async def test_a_wrong_code_tells_how_many_tries_are_left_and_the_right_one_still_works(site: Site) -> None:
    async with await register(site, "carol") as carol:
        address = f"{carol.name}@example.org"
        challenge = await carol.login(address, PASSWORD)
        code = await code_for(site, address, mails=2)
        with pytest.raises(Problem) as refusal:
            await carol.verify(challenge, f"{(int(code) + 1) % 1_000_000:06}")
        assert (refusal.value.code, refusal.value.body["attempts_left"]) == ("invalid_code", 4)
        with pytest.raises(Problem) as too_soon:
            await carol.resend(challenge)
        assert too_soon.value.code == "rate_limited"
        me = await carol.verify(challenge, code)
        assert me["username"] == carol.name


@pytest.mark.parametrize("word", ["", "Bearer%20"])
async def test_the_published_example_talks_as_it_is_printed(site: Site, word: str) -> None:
    """The token in the address, plain frames: and neither is ever in a log (S29)."""
    async with AsyncExitStack() as stack:
        alice, bob = [await stack.enter_async_context(device) for device in await both(site)]
        room_name = (await alice.open_direct(bob.name)).name
        sockets = []
        for device, base in ((alice, site.sockets[0]), (bob, site.sockets[-1])):
            url = f"{base.replace('http', 'ws', 1)}/ws/chat/{room_name}/?Authorization={word}{device.api.access}"
            sockets.append(await stack.enter_async_context(connect(url, proxy=None)))
        for socket in sockets:
            assert [json.loads(await socket.recv())["type"] for _ in range(2)] == ["hello", "ready"]
        example = {"message": "hello", "sender": "somebody else", "recipient": bob.name, "timestamp": "yesterday"}
        await sockets[0].send(json.dumps(example))
        own = {frame["type"]: frame["data"] for frame in [json.loads(await sockets[0].recv()) for _ in range(2)]}
        received = json.loads(await sockets[1].recv())
        assert own["ack"] == own["message.created"] == received["data"]
        assert received["data"]["sender"]["username"] == alice.name
        assert received["data"]["text"] == "hello"


async def test_a_new_token_pair_is_fetched_once_and_everything_goes_on(site: Site) -> None:
    """Many calls that find their token spent share one refresh (S33)."""
    async with await register(site, "dave") as dave:
        first = dave.api.access
        await asyncio.gather(*(dave.api.refresh(first) for _ in range(20)))
        assert dave.calls["POST refresh"] == 1
        assert dave.api.access != first
        assert (await dave.api.get("accounts/me/"))["username"] == dave.name
