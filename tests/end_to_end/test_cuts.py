"""Two people whose connections are cut two hundred times: nothing lost, nothing doubled, every number right.

Both talk, read and confirm delivery all the time, one on the room's socket and one on the inbox, each through proxies
that cut, reset, stall and break off in the middle of a frame. Invariants: I1 to I7, I9, I11, I17.
"""

import asyncio
import logging
import os
import random
from contextlib import AsyncExitStack
from typing import Any

import pytest

from chatclient import LiveRoom, Voice
from tests.end_to_end.people import Device, Json, persons, shared, soon, texts
from tests.end_to_end.proxy import Proxy
from tests.end_to_end.site import Site

logger = logging.getLogger(__name__)

CUTS = 200
SEED = int(os.environ.get("CUT_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)


class Talker:
    """One of the two: a device behind proxies that talks, reads, and notes what it had at each resume."""

    room: Voice

    def __init__(self, site: Site, session: Any, process: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.said: list[str] = []
        self.answers: list[asyncio.Future[Json]] = []
        self.strikes = 0
        self.posted: list[str] = []
        self.posts: list[asyncio.Task[Json]] = []
        self.snapshots: list[tuple[int, dict[str, int]]] = []
        """At each resume of a room's socket: the cursor, and by id the `rev` of every row held."""
        self._site, self._session, self._process = site, session, process
        self.proxies = [Proxy(url, seed + n) for n, url in enumerate(dict.fromkeys([self._socket_base, site.rest]))]

    @property
    def _socket_base(self) -> str:
        return self._site.sockets[self._process % len(self._site.sockets)]

    async def start(self, stack: AsyncExitStack, room_name: str, *, inbox: bool) -> None:
        for proxy in self.proxies:
            await stack.enter_async_context(proxy)
        by_target = {proxy.target: proxy.url for proxy in self.proxies}
        device = Device(
            self._site, self._session, url=by_target[self._site.rest], socket_url=by_target[self._socket_base]
        )
        self.device = await stack.enter_async_context(device)
        live = self.device.inbox() if inbox else self.device.live(room_name, on_frame=self._note)
        await stack.enter_async_context(live)
        await live.connected()
        self.room = live if isinstance(live, LiveRoom) else live.room(room_name)
        self.device.calls.clear()
        self.snapshots.clear()

    def _note(self, frame: Json) -> None:
        if frame["type"] == "ready" and frame["data"]["complete"]:
            (store,) = self.device.rooms.values()
            self.snapshots.append((store.rev or 0, {row["id"]: row["rev"] for row in store.history}))

    async def talk(self, name: str) -> None:
        while True:
            await asyncio.sleep(self.random.uniform(0.01, 0.2))
            if self.random.random() < 0.8:
                self.said.append(f"{name} {len(self.said)}")
                self.answers.append(self.room.post(self.said[-1]))
            else:
                self.posted.append(f"{name} over REST {len(self.posted)}")
                self.posts.append(asyncio.create_task(self.device.send(self.room.store.name, self.posted[-1])))
            if self.random.random() < 0.5:
                self.room.delivered()
            if self.random.random() < 0.2:
                self.room.read()

    async def suffer(self, cuts: int) -> None:
        """Strikes at random moments until the socket has been lost that often; a strike may also hit a REST call."""
        while self.room.link.connections <= cuts:
            if self.random.random() < 0.8:
                await self.room.link.is_up(1)
            await asyncio.sleep(self.random.uniform(0.01, 0.35))
            self.random.choices(self.proxies, [4, 1][-len(self.proxies) :])[0].strike()
            self.strikes += 1

    async def reaches(self, rev: int) -> None:
        await soon(lambda: self.room.store.rev == rev, f"all {rev} messages")

    async def settle(self) -> None:
        """Everything said is acknowledged, in the order it was said; calls of REST have no order among them."""
        assert texts(await asyncio.gather(*self.posts)) == self.posted
        stored = await asyncio.gather(*self.answers)
        assert texts(list(stored)) == self.said
        seqs = [message["seq"] for message in stored]
        assert seqs == sorted(set(seqs))


@pytest.mark.timeout(240)
async def test_a_hundred_cuts_on_each_side_change_nothing(site: Site) -> None:
    logger.info("CUT_SEED=%d", SEED)
    sessions = persons(site, "alice", "bob")
    room_name = site.shell.call("group", members=[session.user["username"] for session in sessions])
    async with AsyncExitStack() as stack:
        alice, bob = (Talker(site, session, n, SEED + 10 * n) for n, session in enumerate(sessions))
        await alice.start(stack, room_name, inbox=False)
        await bob.start(stack, room_name, inbox=True)

        talks = [asyncio.create_task(one.talk(name)) for one, name in ((alice, "alice"), (bob, "bob"))]
        await asyncio.gather(alice.suffer(CUTS // 2), bob.suffer(CUTS // 2))
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        for one in (alice, bob):
            await asyncio.wait_for(one.settle(), 20)
        bob.room.read()
        everything = sorted(alice.said + alice.posted + bob.said + bob.posted)
        total = len(everything)
        for one in (alice, bob):
            await one.reaches(total)
            assert (one.device.calls["GET messages"], one.device.calls["GET receipts"]) == (0, 0)

        for one in (alice, bob):
            async with Device(site, one._session) as fresh:
                rows = await fresh.everything(room_name)
                assert sorted(texts(rows)) == everything
                assert [row["seq"] for row in rows] == list(range(1, total + 1))
                assert shared(one.room.store.history) == shared(rows)
                await soon_equal(one, fresh, room_name)
                compare_snapshots(one, rows)
        lost = [one.room.link.connections - 1 for one in (alice, bob)]
        gaps = [one.device.calls["GET changes"] for one in (alice, bob)]
        strikes = alice.strikes + bob.strikes
        logger.info("%d messages, %d strikes, sockets lost %s, calls of changes/ %s", total, strikes, lost, gaps)


async def soon_equal(one: Talker, fresh: Device, room_name: str) -> None:
    """Badge and ticks are what a new client gets (the last marks may still be on their way)."""
    for tries_left in reversed(range(100)):
        room = await fresh.room(room_name)
        receipts = await fresh.api.get(f"conversations/{room_name}/receipts/")
        theirs = {
            row["user"]["id"]: {name: row[name] for name in ("delivered_seq", "read_seq")}
            for row in receipts["results"]
        }
        store = one.room.store
        got = (store.unread_count, store.ticks, store.receipts, store.marks)
        wanted = (room["my"]["unread_count"], room["others"], theirs, receipts["marks"])
        if got == wanted:
            return
        assert tries_left, f"{got} is not {wanted}"
        await asyncio.sleep(0.1)


def compare_snapshots(one: Talker, rows: list[Json]) -> None:
    """After each resume it had exactly the rows up to its cursor: nobody edits here, so rows never change."""
    for rev, held in one.snapshots:
        wanted = {row["id"]: row["rev"] for row in rows if row["rev"] <= rev}
        assert {key: value for key, value in held.items() if value <= rev} == wanted
