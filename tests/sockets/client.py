"""A socket as a client holds it: what was said to it, in order, and the code it was closed with."""

import base64
import json
import os
import socket
import struct
import time
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

Frame = dict[str, Any]

OPTIONS: dict[str, Any] = {
    "compression": None,
    "proxy": None,
    "max_size": None,
    "max_queue": None,
    "ping_interval": None,
    "close_timeout": 2,
}


class ChatSocket:
    """One connection. `next` waits for a frame of a type and keeps what came before it in `seen`."""

    def __init__(self, url: str, **options: Any) -> None:
        self._life = ExitStack()
        self._connection: ClientConnection = self._life.enter_context(connect(url, **OPTIONS, **options))
        self.seen: list[Frame] = []
        self.texts: list[str] = []

    def receive(self, timeout: float = 5) -> Frame:
        """The next frame of any type."""
        text = self._connection.recv(timeout)
        assert isinstance(text, str), "the server sends text frames only"
        frame: Frame = json.loads(text)
        self.seen.append(frame)
        self.texts.append(text)
        return frame

    def next(self, *types: str, timeout: float = 5) -> Frame:
        """The next frame of one of these types."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                frame = self.receive(max(0, deadline - time.monotonic()))
            except TimeoutError:
                kinds = [frame["type"] for frame in self.seen[-20:]]
                raise AssertionError(f"No {' or '.join(types)} within {timeout} s; last came {kinds}") from None
            if frame["type"] in types:
                return frame

    def drain(self, seconds: float) -> list[Frame]:
        """Everything that comes within so many seconds, but for heartbeats."""
        frames = []
        deadline = time.monotonic() + seconds
        while True:
            try:
                frames.append(self.receive(max(0, deadline - time.monotonic())))
            except TimeoutError:
                return [frame for frame in frames if frame["type"] != "heartbeat"]

    def say(self, kind: str, ref: str | None = None, **data: Any) -> None:
        """Sends a frame of ours."""
        frame = {"type": kind, "data": data} | ({"ref": ref} if ref else {})
        self.raw(json.dumps(frame))

    def raw(self, message: str | bytes) -> None:
        self._connection.send(message)

    def ask(self, kind: str, ref: str = "asked", **data: Any) -> Frame:
        """The answer to a frame: its ack, or the error."""
        self.say(kind, ref, **data)
        return self.answer(ref)

    def answer(self, ref: str | None = "asked") -> Frame:
        while True:
            frame = self.next("ack", "error")
            if frame.get("ref") == ref:
                return frame

    def send_message(self, text: str = "hello", ref: str = "sent", **more: Any) -> Frame:
        """Sends a message and returns the ack's."""
        frame = self.ask("message.send", ref, text=text, **more)
        assert frame["type"] == "ack", frame
        return frame

    def code(self, timeout: float = 5) -> int | None:
        """The code that the server closes with; what comes before it is in `seen`. None: no close frame."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.receive(max(0, deadline - time.monotonic()))
        except TimeoutError:
            raise AssertionError(f"Still open after {timeout} s") from None
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    def of_type(self, *types: str) -> list[Frame]:
        return [frame for frame in self.seen if frame["type"] in types]

    def close(self) -> None:
        self._life.close()

    def vanish(self) -> None:
        """Ends the connection as a lost network does: without a word."""
        peer = self._connection.socket
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.shutdown(socket.SHUT_RDWR)


class BareSocket:
    """A connection that reads only what it is told to, and writes any bytes."""

    def __init__(self, port: int, path: str, *, receive_buffer: int = 0) -> None:
        self.peer = socket.socket()
        if receive_buffer:
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.peer.settimeout(10)
        self.peer.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        self.peer.sendall("\r\n".join([*lines, "", ""]).encode())
        self._stream = self.peer.makefile("rb")
        status = self._stream.readline()
        assert b"101" in status, status
        while self._stream.readline() != b"\r\n":
            pass

    def read_frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        first, second = self._exactly(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack(">H", self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._exactly(8))
        return first & 15, self._exactly(length)

    def read_until(self, kind: str) -> None:
        """Reads up to a frame of that type."""
        while json.loads(self.read_frame()[1])["type"] != kind:
            pass

    def code(self) -> int | None:
        """Reads to the end: the close frame's code, None where there was none."""
        try:
            while True:
                opcode, payload = self.read_frame()
                if opcode == 8:
                    (number,) = struct.unpack(">H", payload[:2])
                    return int(number)
        except OSError:
            return None

    def _exactly(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise OSError("the connection ended")
        return data

    def close(self) -> None:
        self._stream.close()
        self.peer.close()


def masked(text: str) -> bytes:
    """A client's text frame with a mask of zeros."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x81, 0x80 | size)
    elif size < 65_536:
        head = struct.pack(">BBH", 0x81, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", 0x81, 0x80 | 127, size)
    return head + b"\0\0\0\0" + payload
