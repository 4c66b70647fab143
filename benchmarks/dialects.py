"""What the load generator has to know of each stack's frames."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

FILLER = "The quick brown fox jumps over the lazy dog and goes on to see what the other animals do."


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one stack speaks."""

    message: bytes
    """How the payload of a delivered message begins."""
    error: bytes
    """How the payload of an error begins."""
    send: Callable[[int, str], bytes]
    """The payload that sends message number n into a room."""
    greeting: tuple[tuple[bytes, bytes], ...] = ()
    """What the server says after the accept, and what is answered (nothing, where it is empty)."""
    ping: bytes = b"\0none"
    pong: bytes = b""


def text_of(number: int) -> str:
    """About 100 bytes, with the message's number behind its one `#`."""
    return f"#{number:07d} {FILLER}"


def _chatapi(number: int, room: str) -> bytes:
    body = {
        "type": "message.send",
        "ref": str(number),
        "data": {"client_id": str(uuid.uuid4()), "text": text_of(number)},
    }
    return json.dumps(body).encode()


def _inbox(number: int, room: str) -> bytes:
    data = {"client_id": str(uuid.uuid4()), "text": text_of(number)}
    return json.dumps({"type": "message.send", "ref": str(number), "room": room, "data": data}).encode()


def _stock(number: int, room: str) -> bytes:
    return json.dumps({"message": text_of(number)}).encode()


def _socketio(number: int, room: str) -> bytes:
    return b"42" + json.dumps(["message", {"message": text_of(number)}]).encode()


ERROR = b'{"type":"error"'
DIALECTS = {
    "room": Dialect(b'{"type":"message.created"', ERROR, _chatapi, greeting=((b'{"type":"ready"', b""),)),
    "inbox": Dialect(b'{"type":"message.created"', ERROR, _inbox, greeting=((b'{"type":"hello"', b""),)),
    "stock": Dialect(b'{"type": "chat.message"', b'{"error"', _stock),
    "socketio": Dialect(
        b'42["message"', b'42["problem"', _socketio, greeting=((b"0{", b"40"), (b'40{"sid"', b"")), ping=b"2", pong=b"3"
    ),
}
