"""uvicorn's WebSocket: the frames that it answers or collects without asking the application count, too (S75).

It stops reading while the application has a message to take, and bounds a message's size by a setting; pings, pongs and
pieces of a message it takes without end.
"""

import asyncio
from typing import Any

from chatapi.realtime.intake import Intake, Verdict
from chatapi.servers.plain_texts import Shortcut

MESSAGES = (1, 2)
"""Opcodes of frames that begin a message: the application sees and counts those."""
OPEN = 1
"""websockets.protocol.State.OPEN."""
FLOOD = 4429


class CountedEvents:
    """Stands in for the method of one protocol that handles what was read."""

    __slots__ = ("_handle", "_intake", "_protocol")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._handle = protocol.handle_events
        self._intake = Intake()

    def __call__(self) -> None:
        """Handles what was read, unless it is a flood."""
        connection = self._protocol.conn
        unseen = sum(getattr(event, "opcode", MESSAGES[0]) not in MESSAGES for event in connection.events)
        verdicts = [self._intake.admit(0) for _ in range(unseen)]
        if Verdict.FLOOD in verdicts and connection.state == OPEN:
            self._end(connection)
        else:
            self._handle()

    def _end(self, connection: Any) -> None:
        connection.events_received()
        connection.data_to_send()  # the pongs: forgotten
        connection.send_close(FLOOD)
        self._protocol.close_sent = True
        self._protocol.queue.put_nowait({"type": "websocket.disconnect", "code": FLOOD})
        self._protocol.transport.write(b"".join(connection.data_to_send()))
        self._protocol.transport.close()


class Reads:
    """Stands in for the method of one protocol that takes what was read: plain texts take the short way."""

    __slots__ = ("_protocol", "_read", "_shortcut")

    def __init__(self, protocol: Any, shortcut: Shortcut) -> None:
        self._protocol = protocol
        self._read = protocol.data_received
        self._shortcut = shortcut

    def __call__(self, data: bytes) -> None:
        """Takes what was read."""
        protocol, connection = self._protocol, self._protocol.conn
        now = protocol.queue.empty() and connection.state == OPEN and not protocol.close_sent
        if not self._shortcut.takes(data, largest=connection.max_message_size, now=now):
            self._read(data)


class Incoming:
    """Stands in for the queue between one protocol and its application, at a tenth of the memory."""

    __slots__ = ("_messages", "_waiter")

    def __init__(self, queue: "asyncio.Queue[Any]") -> None:
        self._messages: list[Any] = [queue.get_nowait() for _ in range(queue.qsize())]
        self._waiter: asyncio.Future[None] | None = None

    def put_nowait(self, message: Any) -> None:
        """Hands over a message."""
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> Any:
        """The next message; one reader waits at a time."""
        while not self._messages:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._messages.pop(0)

    def empty(self) -> bool:
        """Whether nothing waits to be taken."""
        return not self._messages
