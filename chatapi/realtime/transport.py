"""Past ASGI: the transports of the two servers the project runs on, for what ASGI has no word for.

Writing several finished frames to a socket at once, knowing what the peer has not taken, cutting it off, and bounding
what it may send. With another server, or where one of these parts is not in its place, there is no direct way: the
outbox then uses plain `send` and relies on the server's own time-outs.
"""

import asyncio
import functools
from typing import Any, Protocol

from chatapi.servers.plain_texts import Shortcut, Take
from chatapi.servers.uvicorn_sockets import CountedEvents, Incoming, Reads


class Direct(Protocol):
    """The transport behind a socket."""

    def write(self, data: bytes) -> bool:
        """Writes finished frames; False where that is not possible now, and nothing was written."""

    def close(self, code: int) -> bool:
        """Closes with a code that the server's own way does not know; False where that way is the right one."""

    def unsent(self) -> int:
        """Bytes that the kernel has not taken yet."""

    def abort(self) -> None:
        """Drops the connection together with what it holds."""

    def take_up_to(self, size: int) -> None:
        """From now on a frame of more bytes is refused from its header, with 1009."""

    def forget_handshake(self) -> None:
        """Drops what only the handshake needed, kilobytes a socket."""

    def hand_texts_to(self, take: Take) -> None:
        """From now on text frames that arrive whole go to `take` as they are read, unless something still waits."""


def direct_transport(send: Any) -> Direct | None:
    """The transport behind an ASGI `send`, if it is one that is known here."""
    if isinstance(send, functools.partial) and send.args:  # daphne: partial(handle_reply, protocol)
        protocol = send.args[0]
        return Twisted(protocol) if Twisted.fits(protocol) else None
    protocol = getattr(send, "__self__", None)  # uvicorn: a method of its protocol
    return Uvicorn(protocol) if Uvicorn.fits(protocol) else None


class Twisted:
    """daphne: autobahn on a Twisted transport, which takes everything at once and tells nobody how much it holds."""

    __slots__ = ("_protocol",)

    OPEN = 3
    """autobahn's STATE_OPEN."""
    NEEDED = ("dataBuffer", "offset", "_tempDataLen", "abortConnection", "writeSomeData", "TLS")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    @staticmethod
    def fits(protocol: Any) -> bool:
        """Whether this is such a protocol."""
        transport = getattr(protocol, "transport", None)
        return all(hasattr(transport, name) for name in Twisted.NEEDED)

    def write(self, data: bytes) -> bool:
        protocol = self._protocol
        if protocol.state != self.OPEN or protocol.send_queue or getattr(protocol, "_perMessageCompress", None):
            return False
        transport = protocol.transport
        rest = data if transport.TLS or self.unsent() else _sent_now(transport, data)
        if rest:
            transport.write(rest)
        return True

    def close(self, code: int) -> bool:
        if not 1000 < code < 3000 or self._protocol.state != self.OPEN:
            return False
        self._protocol.sendCloseFrame(code=code)  # daphne raises for these, and the socket would stay open
        return True

    def unsent(self) -> int:
        transport = self._protocol.transport
        return len(transport.dataBuffer) - int(transport.offset) + int(transport._tempDataLen)

    def abort(self) -> None:
        self._protocol.transport.abortConnection()

    def take_up_to(self, size: int) -> None:
        self._protocol.largest = size  # chatapi.servers.daphne_sockets

    def forget_handshake(self) -> None:
        self._protocol.forget_handshake()  # chatapi.servers.daphne_sockets

    def hand_texts_to(self, take: Take) -> None:
        self._protocol.shortcut = Shortcut(take)


def _sent_now(transport: Any, data: bytes) -> bytes:
    """What the kernel did not take at once. Twisted itself waits until it is told that it may write, which costs two
    more system calls each time.
    """
    sent = transport.writeSomeData(data)
    return data[sent:] if isinstance(sent, int) and sent >= 0 else data  # else lost: the transport finds out itself


class Uvicorn:
    """uvicorn: the sans-I/O protocol of `websockets` on an asyncio or uvloop transport."""

    __slots__ = ("_protocol",)

    OPEN = 1
    """websockets.protocol.State.OPEN."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    @staticmethod
    def fits(protocol: Any) -> bool:
        """Whether this is such a protocol."""
        return all(hasattr(protocol, name) for name in ("conn", "writable", "transport", "close_sent")) and hasattr(
            protocol.transport, "get_write_buffer_size"
        )

    def write(self, data: bytes) -> bool:
        protocol = self._protocol
        connection = protocol.conn
        if (
            not protocol.writable.is_set()
            or protocol.close_sent
            or connection.extensions  # compressed: frames made for everybody do not fit
            or connection.state != self.OPEN
            or protocol.transport.is_closing()
        ):
            return False
        protocol.transport.write(data)
        return True

    def close(self, code: int) -> bool:
        return False

    def unsent(self) -> int:
        return int(self._protocol.transport.get_write_buffer_size())

    def abort(self) -> None:
        self._protocol.transport.abort()

    def take_up_to(self, size: int) -> None:
        self._protocol.conn.max_message_size = size
        if "handle_events" not in vars(self._protocol):
            self._protocol.handle_events = CountedEvents(self._protocol)

    def forget_handshake(self) -> None:
        protocol = self._protocol
        protocol.request.headers.clear()  # the parser keeps the request
        protocol.request = protocol.response = None
        if type(protocol.queue) is asyncio.Queue:
            protocol.queue = Incoming(protocol.queue)

    def hand_texts_to(self, take: Take) -> None:
        protocol = self._protocol
        protocol.data_received = Reads(protocol, Shortcut(take))
        protocol.transport.set_protocol(protocol)  # uvloop remembers the method
