"""One connection through the proxy (proxy.py), and what may be done to it. Callbacks only: each byte costs little."""

import asyncio
import random
import socket
import struct
from collections import deque
from dataclasses import dataclass

LINGER_RESET = struct.pack("ii", 1, 0)
"""Closing a socket with this option sends a reset instead of a goodbye."""


@dataclass(slots=True)
class Weather:
    """What the connections of a route meet at the moment, old and new ones."""

    delay: float = 0.0
    jitter: float = 0.0
    rate: float = 0.0
    """Bytes a second in each direction; 0 for no limit."""
    stalled: bool = False
    refusing: bool = False


class Side(asyncio.Protocol):
    """One end of a connection. What it receives goes to `other`, as soon as the weather lets it."""

    def __init__(self, weather: Weather, lot: random.Random) -> None:
        self.weather = weather
        self.other: Side | None = None
        self.transport: asyncio.Transport | None = None
        self.deaf = False
        """Swallows what it receives and says nothing: the other side is gone, and nobody told this one."""
        self.allowance: int | None = None
        """How many bytes may still pass; then the line is cut, usually in the middle of a frame."""
        self._lot = lot
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            return
        weather = self.weather
        if self._is_joined and not (self._waiting or weather.stalled or weather.delay or weather.rate):
            self._pass_on(data)
            return
        now = asyncio.get_running_loop().time()
        due = now + weather.delay + self._lot.uniform(0, weather.jitter)
        if weather.rate:
            due = max(due, self._free_at) + len(data) / weather.rate
        self._free_at = max(due, self._free_at)  # later bytes never overtake earlier ones
        self._waiting.append((self._free_at, data))
        if self.transport is not None and len(self._waiting) > 64:
            self.transport.pause_reading()
        self._arm()

    @property
    def _is_joined(self) -> bool:
        """Whether the other side is connected. Older Pythons begin to read before it is, paused or not."""
        return self.other is not None and self.other.transport is not None

    def flush(self) -> None:
        """Passes on what is due."""
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._is_joined and self._waiting and self._waiting[0][0] <= now and not self.weather.stalled:
            self._pass_on(self._waiting.popleft()[1])
        self._arm()
        if not self._waiting and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()
        if self._ended and not self._waiting and not self.weather.stalled:
            self._end_other()

    def _arm(self) -> None:
        if self._is_joined and self._waiting and self._timer is None and not self.weather.stalled:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._waiting[0][0], loop.time()), self.flush)

    def _pass_on(self, data: bytes) -> None:
        if self.other is None or self.other.transport is None or self.other.transport.is_closing():
            return
        if self.allowance is not None:
            data, self.allowance = data[: self.allowance], self.allowance - len(data)
        self.other.transport.write(data)
        if self.allowance is not None and self.allowance <= 0:
            self.cut()

    def pause_writing(self) -> None:
        """Backpressure: whoever sends to this slow peer waits."""
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._ended = True
        if not self._waiting and not self.weather.stalled:  # in a stall nobody learns of an end either
            self._end_other()

    @property
    def is_gone(self) -> bool:
        """Whether neither end is connected any more."""
        sides = [side.transport for side in (self, self.other) if side is not None]
        return all(transport is None or transport.is_closing() for transport in sides)

    def _end_other(self) -> None:
        if not self.deaf and self.other is not None and not self.other.deaf and self.other.transport is not None:
            self.other.transport.close()

    def cut(self) -> None:
        """Ends both sides in good order, as far as TCP goes; WebSocket peers get no close frame."""
        for side in (self, self.other):
            if side is not None and side.transport is not None:
                side.transport.close()

    def reset(self) -> None:
        """Ends both sides like a peer that has forgotten them."""
        for side in (self, self.other):
            if side is not None and side.transport is not None and not side.transport.is_closing():
                side.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
                side.transport.abort()

    def lose_silently(self) -> None:
        """Half-open: this side stays connected to nobody, the other one is gone."""
        other, self.deaf = self.other, True
        if other is not None and other.transport is not None:
            other.deaf = True
            other.transport.abort()
