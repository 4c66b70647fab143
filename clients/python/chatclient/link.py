"""One WebSocket that is kept up: connects again after every loss, unless the server said not to."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from typing import Any, NoReturn

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from chatclient.api import Api
from chatclient.errors import Closed, ConnectionLost, Problem, Unreachable

Json = dict[str, Any]
Frame = dict[str, Any]

FINAL_CODES = frozenset({1009, 4400, 4403, 4404, 4409, 4410})
"""Connecting again would end the same way."""
TOKEN_CODE = 4401
FLOOD_CODE = 4429


class Link:
    """A socket at `address()`, asked anew before each connection; every frame goes to `on_frame`."""

    def __init__(self, api: Api, address: Callable[[], str], on_frame: Callable[[Frame], None]) -> None:
        self.up = asyncio.Event()
        """Set from the server's `ready` until the connection is lost."""
        self.connections = 0
        self.last_code = 0
        """The close code of the connection before; 0 where none was made."""
        self._api = api
        self._timing = api.timing
        self._address = address
        self._on_frame = on_frame
        self._socket: ClientConnection | None = None
        self._asked: dict[str, asyncio.Future[Frame]] = {}
        self._refs = itertools.count(1)
        self._pace = Pace()
        self._failures = 0
        self._announced_delay: float | None = None

    async def run(self) -> NoReturn:
        """Keeps the socket up. Raises Closed or SessionEnded when there is no point in trying again."""
        while True:
            token = self._api.access
            code = self.last_code = await self._live(token)
            if code in FINAL_CODES:
                raise Closed(code)
            if code == TOKEN_CODE:
                await self._refresh(token)
            await asyncio.sleep(self._delay(code))

    @property
    def is_open(self) -> bool:
        """Whether there is a socket at all, `ready` or not."""
        return self._socket is not None

    async def is_up(self, patience: float) -> bool:
        """Whether the socket is up, or comes up within `patience` seconds."""
        if not self.up.is_set():
            try:
                await asyncio.wait_for(self.up.wait(), patience)
            except TimeoutError:
                return False
        return True

    async def ask(self, kind: str, data: Json, room: str | None = None) -> Json:
        """Sends a command and waits for its ack; what it carries. Raises Problem or ConnectionLost."""
        socket, ref = self._socket, str(next(self._refs))
        if socket is None:
            raise ConnectionLost
        answer = self._asked[ref] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._timing.answer):
                await self._pace.wait()
                await socket.send(_command(kind, data, room, ref))
                return dict((await answer)["data"])
        except (TimeoutError, ConnectionClosed) as error:
            raise ConnectionLost(repr(error)) from error
        finally:
            self._asked.pop(ref, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # it may have come while the frame was still being sent

    async def say(self, kind: str, data: Json, room: str | None = None) -> None:
        """Sends a passing frame, if the socket is up; nobody answers it."""
        if self._socket is not None and self.up.is_set():
            try:
                await self._socket.send(_command(kind, data, room))
            except ConnectionClosed:
                return

    async def _live(self, token: str) -> int:
        """One connection from beginning to end; its close code, or 0 where none was made."""
        socket: ClientConnection | None = None
        try:
            async with connect(
                self._address(),
                additional_headers={"Authorization": f"Bearer {token}"},
                compression=None,
                max_size=None,
                open_timeout=self._timing.answer,
                ping_interval=self._timing.ping,
                ping_timeout=self._timing.ping,
                close_timeout=self._timing.close,
            ) as socket:
                self._socket = socket
                self.connections += 1
                try:
                    async for text in socket:
                        self._take(json.loads(text))
                finally:
                    await socket.close()  # with 1000 also when the user leaves; the library would say 1011
        except (OSError, TimeoutError, WebSocketException):
            pass  # the close code, if there was one, says it all
        finally:
            self._lose()
        return (socket.close_code if socket is not None else None) or 0

    def _take(self, frame: Frame) -> None:
        match frame["type"]:
            case "ack" | "error":
                self._answer(frame)
                return
            case "hello":
                self._pace = Pace(frame["data"]["limits"])
            case "server.restarting":
                self._announced_delay = frame["data"]["reconnect_after_ms"] / 1000
        self._on_frame(frame)
        if frame["type"] == "ready":
            self._failures = 0
            self.up.set()
            self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        """An error without a `ref` is about a frame that was not even read: whoever waits has to repeat."""
        about_all = "ref" not in frame and frame["type"] == "error"
        waiting = list(self._asked.values()) if about_all else [self._asked.get(frame.get("ref", ""))]
        for answer in waiting:
            if answer is None or answer.done():
                continue
            if "error" in frame:
                answer.set_exception(Problem(frame["error"]))
            else:
                answer.set_result(frame)

    def _lose(self) -> None:
        self.up.clear()
        self._socket = None
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ConnectionLost())

    async def _refresh(self, token: str) -> None:
        try:
            await self._api.refresh(token)
        except (Unreachable, Problem):
            return  # the server is away; the next connection asks again

    def _delay(self, code: int) -> float:
        self._failures += 1
        if self._announced_delay is not None:
            delay, self._announced_delay = self._announced_delay, None
            return delay + self._timing.backoff(0)
        if code == FLOOD_CODE:
            return self._timing.reconnect_max
        return self._timing.backoff(self._failures)


def _command(kind: str, data: Json, room: str | None, ref: str | None = None) -> str:
    frame = {"type": kind, "ref": ref, "room": room, "data": data}
    return json.dumps({name: value for name, value in frame.items() if value is not None})


class Pace:
    """Keeps a little below the rate of frames that the server announced, so that none is refused."""

    def __init__(self, limits: Json | None = None) -> None:
        limits = limits or {}
        self._rate = 0.9 * float(limits.get("frames_per_second", 20))
        self._burst = self._tokens = 0.9 * float(limits.get("frames_burst", 20))
        self._filled_at = time.monotonic()

    async def wait(self) -> None:
        """Takes the right to send one frame, as soon as there is one."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate) - 1
        self._filled_at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._rate)
