"""What was said and not yet acknowledged, in order. No I/O."""

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """A message on its way; its `client_id` stays the same however often it is sent."""

    body: Json
    done: "asyncio.Future[Json]"
    """The message as stored, or the problem that refused it."""

    @property
    def client_id(self) -> str:
        """The key under which the server knows it."""
        return str(self.body["client_id"])


class Outbox:
    """The items of one room. What an app wants to keep over a restart is `bodies`."""

    def __init__(self, bodies: Iterable[Json] = ()) -> None:
        self._items: dict[str, Item] = {}
        self._filled = asyncio.Event()
        for body in bodies:
            self.add(body)

    @property
    def bodies(self) -> list[Json]:
        """What is not yet acknowledged, oldest first."""
        return [item.body for item in self._items.values()]

    def add(self, body: Json) -> "asyncio.Future[Json]":
        """Queues a message; the future of its stored form."""
        body = {"client_id": str(uuid.uuid4())} | body
        item = Item(body, asyncio.get_running_loop().create_future())
        item.done.add_done_callback(_look)
        self._items[item.client_id] = item
        self._filled.set()
        return item.done

    async def oldest(self) -> Item:
        """The item whose turn it is, as soon as there is one."""
        await self._filled.wait()
        return next(iter(self._items.values()))

    def settle(self, item: Item, outcome: Json | Exception) -> None:
        """Takes `item` out: it was stored, or refused for good."""
        self._items.pop(item.client_id, None)
        if not self._items:
            self._filled.clear()
        if item.done.done():
            return
        if isinstance(outcome, Exception):
            item.done.set_exception(outcome)
        else:
            item.done.set_result(outcome)

    def refuse_all(self, error: Exception) -> None:
        """Nothing of this will ever be sent."""
        for item in list(self._items.values()):
            self.settle(item, error)


def _look(future: "asyncio.Future[Json]") -> None:
    """Whoever posts without waiting is not warned about an exception nobody fetched."""
    if not future.cancelled():
        future.exception()
