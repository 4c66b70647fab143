"""What a user says and reads in a room: it gets to the server exactly once, over the socket or over REST."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from chatclient.api import Api
from chatclient.catchup import take_page
from chatclient.errors import ConnectionLost, Problem, Unreachable
from chatclient.link import Link
from chatclient.outbox import Outbox
from chatclient.store import RoomStore
from chatclient.watch import Watch

Json = dict[str, Any]

PATHS = {"message.send": "messages/", "read": "read/", "delivered": "delivered/"}
"""Commands that both the socket and REST know, with the same body."""


class Voice:
    """The user's side of one room. Works on while there is no connection; `work` has to run beside it.

    `unsent` are the bodies an earlier run had not got acknowledged (`outbox.bodies`).
    """

    def __init__(
        self, api: Api, link: Link, store: RoomStore, *, room: str | None = None, unsent: Iterable[Json] = ()
    ) -> None:
        self.store = store
        self.link = link
        self.outbox = Outbox(unsent)
        self.watch = Watch()
        self._api = api
        self._room = room
        """On a socket of many rooms: which one it is about."""
        self._wanted = {"read": 0, "delivered": 0}
        self._told = {"read": 0, "delivered": 0}
        self._marked = asyncio.Event()

    def post(self, text: str, **fields: Any) -> "asyncio.Future[Json]":
        """Queues a message and returns at once; the future of its stored form."""
        answer = self.outbox.add({"text": text} | fields)
        if self.watch.ended is not None:
            self.outbox.refuse_all(self.watch.ended)
        return answer

    async def send(self, text: str, **fields: Any) -> Json:
        """Sends a message: the message as stored. Raises Problem when it is refused."""
        return await self.post(text, **fields)

    def read(self, seq: int | None = None) -> None:
        """Everything up to `seq` (default: all that is held) was read."""
        self._mark("read", self.store.seq if seq is None else seq)
        self.store.read_mark = max(self.store.read_mark, self._wanted["read"])

    def delivered(self, seq: int | None = None) -> None:
        """Everything up to `seq` (default: all that is held) has reached this device."""
        self._mark("delivered", self.store.seq if seq is None else seq)

    async def typing(self, state: str = "typing") -> None:
        """Shows the others that the user is typing, recording or idle."""
        await self.link.say("typing", {"state": state}, self._room)

    async def page(self, before: int | None = None, limit: int = 50) -> None:
        """Takes a page of messages into the store: the newest, or those before a place."""
        await take_page(self._api, self.store, before, limit)
        self.watch.changed()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns when `holds()`; looks again after every change. Raises Closed or SessionEnded at the end."""
        await self.watch.until(holds)

    def end(self, error: Exception) -> None:
        """Tells everybody who waits that nothing will come any more."""
        self.outbox.refuse_all(error)
        self.watch.end(error)

    async def work(self) -> None:
        """Carries what was said and marked to the server."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._speak())
            group.create_task(self._tell())

    async def _speak(self) -> None:
        """Sends what was said, one after the other, so that the order holds whatever happens on the way."""
        while True:
            item = await self.outbox.oldest()
            try:
                message = await self._do("message.send", item.body)
            except Problem as problem:
                self.outbox.settle(item, problem)
            else:
                self.store.put(message)
                self.outbox.settle(item, message)
            self.watch.changed()

    async def _tell(self) -> None:
        """Sends the newest marks; those that were overtaken meanwhile are never sent."""
        while True:
            await self._marked.wait()
            self._marked.clear()
            for kind in ("read", "delivered"):
                seq = self._wanted[kind]
                if seq > self._told[kind]:
                    with suppress(Problem):
                        await self._do(kind, {"seq": seq})
                    self._told[kind] = seq
                    self._told["delivered"] = max(self._told["delivered"], seq)

    def _mark(self, kind: str, seq: int) -> None:
        self._wanted[kind] = max(self._wanted[kind], seq)
        self._marked.set()
        self.watch.changed()

    async def _do(self, kind: str, data: Json) -> Json:
        """Does a command over the socket while it is up, else over REST, and repeats it until it is answered."""
        while True:
            try:
                if await self.link.is_up(self._api.timing.rest_after):
                    return await self.link.ask(kind, data, self._room)
                return await self._api.post(self.store.path + PATHS[kind], data)
            except ConnectionLost:
                continue
            except Unreachable:
                await asyncio.sleep(self._api.timing.reconnect_min)
            except Problem as problem:
                if problem.retry == "never":
                    raise
                await asyncio.sleep(problem.retry_after or self._api.timing.reconnect_min)
