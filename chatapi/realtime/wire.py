"""Frames for many sockets: the texts, and the bytes that one write puts on each of them (RFC 6455, 5.2)."""

from collections.abc import Sequence


class Frames:
    """Ready frames that fall due together. The bytes are made once, when the first socket can take them."""

    __slots__ = ("_wire", "size", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.size = sum(map(len, texts))
        """In characters."""
        self._wire: bytes | None = None

    @classmethod
    def together(cls, parts: "Sequence[Frames]") -> "Frames":
        """All of `parts`, in their order."""
        if len(parts) == 1:
            return parts[0]
        whole = cls([text for part in parts for text in part.texts])
        whole._wire = b"".join([part.wire for part in parts])
        return whole

    @property
    def wire(self) -> bytes:
        """All frames as a server sends them: text, final, unmasked, uncompressed."""
        if self._wire is None:
            self._wire = b"".join([_frame(text.encode()) for text in self.texts])
        return self._wire


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
