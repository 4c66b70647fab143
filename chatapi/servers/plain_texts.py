"""Text frames that one read brings whole, which is how nearly every client's words arrive (RFC 6455, 5.2).

The servers' parsers take them apart piece by piece and hand them on through a queue and a task. Here they are taken
apart in one go and handed on at once; whatever looks different goes the servers' way.
"""

from collections.abc import Callable

TEXT = 0x81
"""First byte of a text frame that is a whole message, without extensions."""
CONTROL = (0x88, 0x89, 0x8A)
"""Close, ping, pong."""
MASKED = 0x80

Take = Callable[[str], None]


class Shortcut:
    """The short way from one connection to its application."""

    __slots__ = ("_take", "orderly")

    def __init__(self, take: Take) -> None:
        self._take = take
        self.orderly = True
        """Whether the next read begins with a frame: as long as every read has brought whole ones."""

    def takes(self, data: bytes, *, largest: int, now: bool) -> bool:
        """Whether `data` was texts of at most `largest` bytes and has been taken; otherwise the server has to read it.

        Without `now` nothing is taken: something that came before still waits.
        """
        frames = whole_frames(data) if self.orderly else None
        if frames is None:
            self.orderly = False
            return False
        if not now or any(first != TEXT or len(payload) > largest for first, payload in frames):
            return False
        try:
            texts = [payload.decode() for _, payload in frames]
        except UnicodeDecodeError:
            return False
        for text in texts:
            self._take(text)
        return True


def whole_frames(data: bytes) -> list[tuple[int, bytes]] | None:
    """The first byte and the unmasked payload of each frame; None unless `data` is nothing but whole messages and
    control frames of less than 64 KiB, masked as a client has to.
    """
    frames = []
    place, end = 0, len(data)
    while place < end:
        if end - place < 6:
            return None
        first, size, head = data[place], data[place + 1] - MASKED, place + 2
        if size < 0 or not (first == TEXT or (first in CONTROL and size < 126)):
            return None
        if size >= 126:
            if size == 127:
                return None
            size, head = int.from_bytes(data[head : head + 2], "big"), head + 2
        place = head + 4 + size
        if place > end:
            return None
        frames.append((first, _unmasked(data[head : head + 4], data[head + 4 : place])))
    return frames


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    """The payload, as one XOR of two large numbers."""
    size = len(payload)
    whole = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(whole, "little")).to_bytes(size, "little")
