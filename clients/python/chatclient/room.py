"""One room, live: the store is kept equal to the server's, and what is said or read gets there exactly once."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlencode

from chatclient.api import Api
from chatclient.errors import ChatError, ConnectionLost, Problem, Unreachable
from chatclient.link import Link
from chatclient.outbox import Outbox
from chatclient.store import RoomStore

Json = dict[str, Any]
Frame = dict[str, Any]

PATHS = {"message.send": "messages/", "read": "read/", "delivered": "delivered/"}
"""Commands that both the socket and REST know, with the same body."""


class LiveRoom:
    """A room of the user with its socket, as an async context manager; works on while there is no connection.

    `unsent` are the bodies an earlier run had not got acknowledged (`outbox.bodies`).
    """

    def __init__(
        self,
        api: Api,
        socket_url: str,
        store: RoomStore,
        *,
        on_frame: Callable[[Frame], None] | None = None,
        unsent: Iterable[Json] = (),
    ) -> None:
        self.store = store
        self.outbox = Outbox(unsent)
        self.link = Link(api, self._address, self._take)
        self._api = api
        self._socket_url = socket_url
        self._on_frame = on_frame
        self._epoch = ""
        self._broken = asyncio.Event()
        self._is_behind = False
        self._wanted = {"delivered": 0, "read": 0}
        self._told = {"delivered": 0, "read": 0}
        self._marked = asyncio.Event()
        self._watchers: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None
        self._ended: Exception | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    # What a user does

    def post(self, text: str, **fields: Any) -> "asyncio.Future[Json]":
        """Queues a message and returns at once; the future of its stored form."""
        answer = self.outbox.add({"text": text} | fields)
        if self._ended is not None:
            self.outbox.refuse_all(self._ended)
        return answer

    async def send(self, text: str, **fields: Any) -> Json:
        """Sends a message: the message as stored. Raises Problem when it is refused."""
        return await self.post(text, **fields)

    def read(self, seq: int | None = None) -> None:
        """Everything up to `seq` (default: all that is held) was read."""
        self._mark("read", self.store.seq if seq is None else seq)

    def delivered(self, seq: int | None = None) -> None:
        """Everything up to `seq` (default: all that is held) has reached this device."""
        self._mark("delivered", self.store.seq if seq is None else seq)

    async def typing(self, state: str = "typing") -> None:
        """Shows the others that the user is typing, recording or idle."""
        await self.link.say("typing", {"state": state})

    async def page(self, before: int | None = None, limit: int = 50) -> None:
        """Takes a page of messages into the store: the newest, or those before a place."""
        page = await self._api.get(f"{self._path}messages/", before=before, limit=limit)
        for message in page["results"]:
            self.store.put(message)
        self._changed()

    # What a user waits for

    async def connected(self) -> None:
        """Returns when the room is live and its newest page is held. Raises Closed or SessionEnded."""
        await self.until(lambda: self.link.up.is_set() and self.store.is_filled)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns when `holds()`; looks again after every change of the room. Raises what ended the room."""
        while not holds():
            if self._ended is not None:
                raise self._ended
            watcher = asyncio.get_running_loop().create_future()
            self._watchers.append(watcher)
            await watcher

    def _changed(self) -> None:
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)

    # Frames

    @property
    def _path(self) -> str:
        return f"conversations/{self.store.name}/"

    def _address(self) -> str:
        """The socket's address, with what the store has."""
        url = f"{self._socket_url}/ws/chat/{self.store.name}/"
        if self.store.rev is None:
            return url
        return f"{url}?{urlencode({'since': self.store.rev, 'marks': self.store.marks, 'epoch': self.store.epoch})}"

    def _take(self, frame: Frame) -> None:
        match frame["type"]:
            case "hello":
                self._epoch = frame["data"]["epoch"]
                self.store.take_room(frame["data"]["room"])
            case "ready":
                self._become_ready(frame["data"])
            case "heartbeat":
                self._note_gap(self.store.is_behind(frame))
            case _:
                self._note_gap(not self.store.apply(frame))
        if self._on_frame is not None:
            self._on_frame(frame)
        self._changed()

    def _become_ready(self, ready: Json) -> None:
        if self.store.rev is None or ready.get("reset"):
            self.store.begin(epoch=self._epoch, rev=ready["rev"], marks=ready["marks"])
        else:
            self.store.catch_up({"changes": [], "receipts": []} | ready)
        self._note_gap(not ready["complete"] and not ready.get("reset"))
        if not self.store.is_filled:
            self._broken.set()

    def _note_gap(self, is_behind: bool) -> None:
        if is_behind:
            self._is_behind = True
            self._broken.set()

    # Work beside the socket

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for work in (self.link.run, self._mend, self._speak, self._tell):
                    group.create_task(work())
        except* ChatError as errors:
            self._ended = errors.exceptions[0]
            self.outbox.refuse_all(self._ended)
        finally:
            self._changed()

    async def _mend(self) -> None:
        """Takes over REST what the socket did not bring: the first page, and whatever lies in a gap."""
        while True:
            await self._broken.wait()
            self._broken.clear()
            try:
                await self._take_what_lacks()
            except (Unreachable, Problem) as error:
                if isinstance(error, Problem) and error.retry != "after":
                    continue  # no longer a member: the socket's code will say so
                self._is_behind = True
                self._broken.set()
                await asyncio.sleep(self._api.timing.reconnect_min)
            self._changed()

    async def _take_what_lacks(self) -> None:
        if not self.store.is_filled:
            await self.page()
            self.store.take_receipts(await self._api.get(f"{self._path}receipts/"))
            self.store.is_filled = True
        while self._is_behind:
            self._is_behind = False
            since = {"since": self.store.rev, "marks": self.store.marks, "epoch": self.store.epoch}
            answer = await self._api.get(f"{self._path}changes/", **since)
            if answer.get("reset"):
                await self._start_over(answer["epoch"])
            elif not self.store.catch_up(answer):
                self._is_behind = True

    async def _start_over(self, epoch: str) -> None:
        room = await self._api.get(self._path)
        self.store.begin(epoch=epoch, rev=room["rev"], marks=room["marks"])
        self.store.take_room(room)
        self._broken.set()

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
            self._changed()

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
        if kind == "read":
            self.store.read_mark = max(self.store.read_mark, seq)
        self._marked.set()
        self._changed()

    async def _do(self, kind: str, data: Json) -> Json:
        """Does a command over the socket while it is up, else over REST, and repeats it until it is answered."""
        while True:
            try:
                if await self.link.is_up(self._api.timing.rest_after):
                    return await self.link.ask(kind, data)
                return await self._api.post(self._path + PATHS[kind], data)
            except ConnectionLost:
                continue
            except Unreachable:
                await asyncio.sleep(self._api.timing.reconnect_min)
            except Problem as problem:
                if problem.retry == "never":
                    raise
                await asyncio.sleep(problem.retry_after or self._api.timing.reconnect_min)
