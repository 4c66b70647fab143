"""daphne's WebSocket, with a bound on what a client may send before the application sees it (F18, F25, S73, S75).

daphne reads whatever comes and hands on whole messages only. So the size is checked in a frame's header here, and every
frame counts, also those the application never sees: pings, pongs, pieces of a message. And autobahn unmasks and
validates byte by byte, 160 ms of the event loop for a MiB; here both are one operation each, 3 ms together.
"""

import codecs
from typing import Any

from daphne.ws_protocol import WebSocketProtocol

from chatapi.realtime.intake import STRANGER_BYTES, Intake, Verdict
from chatapi.servers.plain_texts import Shortcut

OPEN = 3
"""autobahn's STATE_OPEN."""
FLOOD = 4429
TOO_LARGE = 1009


class Socket(WebSocketProtocol):
    """One WebSocket. Whoever breaks a bound is told the code, and from then on nothing is read but to be forgotten."""

    muted: bool
    request: Any
    data: bytes
    current_frame: Any
    shortcut: Shortcut | None = None
    _deaf = False

    def onConnect(self, request: Any) -> Any:
        """Before the handshake is answered."""
        self.largest = STRANGER_BYTES
        self._intake = Intake()
        self.failByDrop = False  # whoever breaks the rules of RFC 6455 is told the code, too
        self.maxFramePayloadSize = self.maxMessagePayloadSize = 0  # autobahn would bound by them what we send as well
        self.message_data_total_length = 0
        self.utf8validator = Utf8Validator()
        return super().onConnect(request)

    def forget_handshake(self) -> None:
        """Drops what is only of use until the socket is open; daphne's log wants the path in the end."""
        self.request = Path(self.request.path)
        self.http_request_data = self._raw_query_string = b""
        self.http_request_uri = self.http_status_line = ""
        self.http_headers: dict[str, str] = {}
        self.http_request_params: dict[str, list[str]] = {}

    def _dataReceived(self, data: bytes) -> None:
        if not self._deaf and not self._is_taken(data):
            super()._dataReceived(data)

    def _is_taken(self, data: bytes) -> bool:
        """Whether it was plain texts, and nothing that came before still waits."""
        shortcut = self.shortcut
        if shortcut is None or self.state != OPEN or self.data or self.current_frame is not None or self.inside_message:
            return False
        shortcut.orderly = True  # autobahn tells where a frame begins
        now = self.application_queue.empty() and not self.muted
        return shortcut.takes(data, largest=self.largest, now=now)

    def onFrameBegin(self) -> None:
        """A header has been read, and nothing of what follows it."""
        frame: Any = self.current_frame
        size = frame.length
        so_far = self.message_data_total_length if frame.opcode == 0 else 0
        if so_far + size > self.largest:
            self._end(TOO_LARGE)
        elif self._intake.admit(size) is Verdict.FLOOD:
            self._end(FLOOD)
        else:
            if size and frame.mask:
                self.current_frame_masker = Masker(frame.mask)
            super().onFrameBegin()

    def _end(self, code: int) -> None:
        self._deaf, self.data, self.current_frame = True, b"", None
        self.sendCloseFrame(code=code)
        if not self.muted:
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.muted = True  # the application has had its last word


class Path:
    """What is left of a request."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


class Masker:
    """RFC 6455, 5.3, as one XOR of two large numbers."""

    __slots__ = ("_mask", "_position")

    def __init__(self, mask: bytes) -> None:
        self._mask = mask
        self._position = 0

    def pointer(self) -> int:
        """How many bytes of the frame were unmasked."""
        return self._position

    def process(self, data: bytes) -> bytes:
        """The next bytes of the frame, unmasked."""
        size, turn = len(data), self._position % 4
        self._position += size
        mask = (self._mask[turn:] + self._mask[:turn]) * (size // 4 + 1)
        return (int.from_bytes(data, "little") ^ int.from_bytes(mask[:size], "little")).to_bytes(size, "little")


class Utf8Validator:
    """autobahn's validator, by Python's own decoder."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begins another message."""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._total = 0

    def validate(self, data: bytes) -> tuple[bool, bool, int, int]:
        """Whether it is valid so far, whether it ends with a whole character, and how far it is valid."""
        try:
            self._decoder.decode(data)
        except UnicodeDecodeError as error:
            return False, False, error.start, self._total + error.start
        self._total += len(data)
        return True, not self._decoder.getstate()[0], len(data), self._total
