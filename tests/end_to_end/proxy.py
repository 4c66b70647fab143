"""A TCP proxy that does to connections what networks do: cut, reset, stall, cut in the middle of a frame."""

import asyncio
import random
import socket
import struct
from contextlib import suppress
from typing import Self

LINGER_RESET = struct.pack("ii", 1, 0)
"""Closing a socket with this option sends a reset instead of a goodbye."""


class Line:
    """One connection through the proxy."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self._near, self._far = near, far
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._allowance: int | None = None

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one direction until it ends."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(65_536):
                await self._flowing.wait()
                if self._allowance is not None:
                    data, self._allowance = data[: self._allowance], self._allowance - len(data)
                writer.write(data)
                if self._allowance is not None and self._allowance <= 0:
                    break
                await writer.drain()
        self.cut()

    def cut(self) -> None:
        """Ends it in good order, as far as TCP goes; WebSocket peers get no close frame."""
        self._flowing.set()
        for writer in (self._near, self._far):
            writer.close()

    def reset(self) -> None:
        """Ends it like a peer that has forgotten it."""
        for writer in (self._near, self._far):
            raw = writer.get_extra_info("socket")
            with suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
            writer.transport.abort()
        self._flowing.set()

    def stall(self) -> None:
        """Carries nothing any more and tells nobody: a phone that went into a tunnel."""
        self._flowing.clear()

    def cut_after(self, size: int) -> None:
        """Ends it after that many more bytes, usually within a frame."""
        self._allowance = size


class Proxy:
    """Listens on a free port and carries every connection to `target`."""

    def __init__(self, target: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.faults = 0
        self.target = target
        self._lines: set[Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for line in list(self._lines):
            line.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(self.target.rpartition(":")[2]))
            line = Line(writer, far_writer)
            self._lines.add(line)
            try:
                await asyncio.gather(line.pump(reader, far_writer), line.pump(far_reader, writer))
            finally:
                line.cut()
                self._lines.discard(line)
        except (OSError, asyncio.CancelledError):
            writer.close()
        finally:
            self._tasks.discard(task)

    def strike(self) -> None:
        """Does something to every connection there is."""
        for line in list(self._lines):
            match self.random.choices(["cut", "reset", "after", "stall"], [3, 3, 3, 1])[0]:
                case "cut":
                    line.cut()
                case "reset":
                    line.reset()
                case "after":
                    line.cut_after(self.random.randint(1, 3_000))
                case _:
                    line.stall()
                    asyncio.get_running_loop().call_later(3.0, line.reset)
        self.faults += 1
