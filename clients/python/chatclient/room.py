"""One room with a socket of its own, `ws/chat/<room_name>/`: the store is kept equal to the server's."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlencode

from chatclient.api import Api
from chatclient.catchup import take_changes, take_newest
from chatclient.errors import Problem, Unreachable
from chatclient.link import Link
from chatclient.store import RoomStore
from chatclient.voice import Voice

Json = dict[str, Any]
Frame = dict[str, Any]


class LiveRoom(Voice):
    """A room of the user with its socket, as an async context manager."""

    def __init__(
        self,
        api: Api,
        socket_url: str,
        store: RoomStore,
        *,
        on_frame: Callable[[Frame], None] | None = None,
        unsent: Iterable[Json] = (),
    ) -> None:
        super().__init__(api, Link(api, self._address, self._take), store, unsent=unsent)
        self._socket_url = socket_url
        self._on_frame = on_frame
        self._epoch = ""
        self._broken = asyncio.Event()
        self._is_behind = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def connected(self) -> None:
        """Returns when the room is live and its newest page is held. Raises Closed or SessionEnded."""
        await self.until(lambda: self.link.up.is_set() and self.store.is_filled)

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for work in (self.link.run, self.work, self._mend):
                    group.create_task(work())
        except* Exception as errors:  # noqa: BLE001 - also one of `on_frame` ends it and is told to whoever waits
            self.end(first_of(errors))

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
                self._note_gap(self.store.is_behind(frame | frame["data"]))
            case _:
                self._note_gap(not self.store.apply(frame, complete=True))
        if self._on_frame is not None:
            self._on_frame(frame)
        self.watch.changed()

    def _become_ready(self, ready: Json) -> None:
        if self.store.rev is None or ready.get("reset"):
            self.store.begin(epoch=self._epoch, rev=ready["rev"], marks=ready["marks"])
        else:
            self.store.catch_up({"changes": [], "receipts": []} | ready)
            self._note_gap(not ready["complete"])
        if not self.store.is_filled:
            self._broken.set()

    def _note_gap(self, is_behind: bool) -> None:
        if is_behind:
            self._is_behind = True
            self._broken.set()

    async def _mend(self) -> None:
        """Takes what the socket did not bring: the first page, and whatever lies in a gap. One task: one at a time."""
        while True:
            await self._broken.wait()
            self._broken.clear()
            try:
                if self._is_behind:
                    self._is_behind = False
                    await take_changes(self._api, self.store)
                if not self.store.is_filled:
                    await take_newest(self._api, self.store)
            except (Unreachable, Problem) as error:
                if isinstance(error, Unreachable) or error.retry == "after":  # else the socket's code will say it
                    self._note_gap(True)
                    await asyncio.sleep(self._api.timing.reconnect_min)
            self.watch.changed()


def first_of(errors: BaseException) -> Exception:
    """The first error of a group, however deep."""
    while isinstance(errors, BaseExceptionGroup):
        errors = errors.exceptions[0]
    return errors if isinstance(errors, Exception) else RuntimeError(repr(errors))
