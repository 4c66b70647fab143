"""All rooms of the user on one socket, `ws/inbox/`: every store is kept equal to the server's."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from chatclient.catchup import take_changes
from chatclient.errors import Problem, Unreachable
from chatclient.link import Link
from chatclient.room import first_of
from chatclient.voice import Voice
from chatclient.watch import Watch

if TYPE_CHECKING:
    from chatclient.chat import Chat

Json = dict[str, Any]
Frame = dict[str, Any]

ROOMS_PER_RESUME = 500


class LiveInbox:
    """Everything of one user, as an async context manager. `room` gives a room to speak in."""

    def __init__(self, chat: "Chat", *, on_frame: Callable[[Frame], None] | None = None) -> None:
        self.link = Link(chat.api, lambda: f"{chat.socket_url}/ws/inbox/", self._take)
        self.watch = Watch()
        self._chat = chat
        self._on_frame = on_frame
        self._voices: dict[str, Voice] = {}
        self._behind: dict[str, None] = {}
        """Rooms whose frames have a gap, in the order of their discovery."""
        self._unknown: set[str] = set()
        """Rooms that were named and that the device does not know."""
        self._needs_sync = not chat.epoch
        self._needs_resume = False
        self._broken = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        started = asyncio.Event()
        self._task = asyncio.create_task(self._run(started))
        await started.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def connected(self) -> None:
        """Returns when every room is up to date and live. Raises Closed or SessionEnded."""
        await self.watch.until(lambda: self.link.up.is_set() and not self._broken.is_set())

    def room(self, room_name: str) -> Voice:
        """A room to speak in; its store is the chat's."""
        if room_name not in self._voices:
            voice = Voice(self._chat.api, self.link, self._chat.store(room_name), room=room_name)
            self._voices[room_name] = voice
            if self.watch.ended is not None:
                voice.end(self.watch.ended)
            elif self._group is not None:
                self._group.create_task(voice.work())
        return self._voices[room_name]

    async def _run(self, started: asyncio.Event) -> None:
        try:
            async with asyncio.TaskGroup() as self._group:
                self._group.create_task(self.link.run())
                self._group.create_task(self._mend())
                started.set()
        except* Exception as errors:  # noqa: BLE001 - also one of `on_frame` ends it and is told to whoever waits
            error = first_of(errors)
            for voice in self._voices.values():
                voice.end(error)
            self.watch.end(error)

    # Frames

    def _take(self, frame: Frame) -> None:
        match frame["type"]:
            case "hello":
                self._chat.badge = frame["data"]["badge"]
                self._break(resume=True)
            case "heads" | "heartbeat":
                self._compare(frame)
            case "ready":
                self._become_ready(frame["data"])
            case _ if "me" in frame:
                self._take_own(frame)
            case _ if "room" in frame:
                self._take_of_room(frame)
        if self._on_frame is not None:
            self._on_frame(frame)
        self.watch.changed()
        for voice in self._voices.values():
            voice.watch.changed()

    def _become_ready(self, ready: Json) -> None:
        self._chat.me_rev = max(self._chat.me_rev, ready["me"])
        self._break(sync=bool(ready.get("reset")), resume=not ready["complete"] and not ready.get("reset"))

    def _compare(self, frame: Frame) -> None:
        """Heads after a resume, or those that changed since the last heartbeat."""
        data = frame["data"]
        if data["epoch"] != self._chat.epoch:
            self._break(sync=True)
        for name, head in data["rooms"].items():
            store = self._chat.store(name)
            if store.rev is None:
                self._break(unknown=name)
            elif store.is_behind(head | {"epoch": data["epoch"]}):
                self._break(room=name)
        self._break(resume=frame.get("me", 0) > self._chat.me_rev)

    def _take_own(self, frame: Frame) -> None:
        """What only this user sees. Its rows are whole, so a gap harms nothing but the number."""
        if frame["type"].startswith("conversation."):
            room = frame["data"]
            store = self._chat.store(room["room_name"])
            if store.rev is None:
                store.begin(epoch=self._chat.epoch, rev=room["rev"], marks=room["marks"])
            store.take_room(room)
        elif frame["type"] == "user.updated":
            self._chat.me = frame["data"]
        if frame["prev"] > self._chat.me_rev:
            self._break(resume=True)
        else:
            self._chat.me_rev = max(self._chat.me_rev, frame["me"])

    def _take_of_room(self, frame: Frame) -> None:
        store = self._chat.store(frame["room"])
        if store.rev is None:
            self._break(unknown=store.name)
        elif not store.apply(frame):
            self._break(room=store.name)

    # Mending

    def _break(self, *, sync: bool = False, resume: bool = False, room: str = "", unknown: str = "") -> None:
        self._needs_sync |= sync
        self._needs_resume |= resume
        self._behind |= {room: None} if room else {}
        self._unknown |= {unknown} if unknown else set()
        if self._is_broken:
            self._broken.set()

    @property
    def _is_broken(self) -> bool:
        return bool(self._needs_sync or self._needs_resume or self._behind or self._unknown)

    async def _mend(self) -> None:
        """Brings the device up to date, says to the socket what it has, and fetches what lies in gaps."""
        while True:
            await self._broken.wait()
            try:
                await self._mend_all()
            except (Unreachable, Problem) as error:
                if isinstance(error, Problem) and error.retry == "never":
                    self._behind.clear()  # no longer in that room
                await asyncio.sleep(self._chat.api.timing.reconnect_min)
            self.watch.changed()

    async def _mend_all(self) -> None:
        """Exact catch-up first: sync leaves rows out where there are many, and a resume may tell of new rooms."""
        if self._needs_sync:
            await self._sync()
        if self._needs_resume:
            await self._resume()
        while self._behind:
            name = next(iter(self._behind))
            await take_changes(self._chat.api, self._chat.store(name))
            self._behind.pop(name, None)
        self._unknown = {name for name in self._unknown if self._chat.store(name).rev is None}
        if self._unknown:
            await self._sync()
        if not self._is_broken:
            self._broken.clear()

    async def _sync(self) -> None:
        await self._chat.sync()
        self._unknown.clear()  # what is still unknown is none of this user's
        self._needs_sync, self._needs_resume = False, True

    async def _resume(self) -> None:
        self._needs_resume = False
        try:
            for piece in self._known():
                await self.link.ask("resume", piece)
        except (Unreachable, Problem):
            self._needs_resume |= self.link.is_open  # else the next hello asks for it
            raise

    def _known(self) -> Iterator[Json]:
        """What the device has, in pieces; the last one, which the server answers with `ready`, has `me`."""
        begun = [store for store in self._chat.rooms.values() if store.rev is not None]
        for start in range(0, max(1, len(begun)), ROOMS_PER_RESUME):
            part = begun[start : start + ROOMS_PER_RESUME]
            rooms = {store.name: {"rev": store.rev, "marks": store.marks} for store in part}
            is_last = start + ROOMS_PER_RESUME >= len(begun)
            yield {"epoch": self._chat.epoch, "rooms": rooms} | ({"me": self._chat.me_rev} if is_last else {})
