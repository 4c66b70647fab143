"""One socket's incoming side: how much a client may say. No I/O; frames are counted before they are parsed."""

import time
from enum import Enum, auto

from chatapi.limits import limits


class Verdict(Enum):
    """What to do with a frame."""

    TAKE = auto()
    REFUSE = auto()
    """Answer with `rate_limited`; the frame was not looked at."""
    FLOOD = auto()
    """Close with 4429."""
    TOO_LARGE = auto()
    """Close with 1009."""


STRANGER_BYTES = 65_536
"""The largest frame before it is known who speaks: a token, or what a hasty client says at once."""
COUNTED_BYTES = 16_384
"""A frame counts once for every so many bytes begun: bytes cost time, too, and a message is below that."""


class Intake:
    """A token bucket for frames and a count of the bad ones."""

    __slots__ = ("_bad", "_bad_since", "_filled_at", "_refused", "_tokens", "_wanted")

    def __init__(self) -> None:
        self._tokens = float(limits().frames_burst)
        self._filled_at = time.monotonic()
        self._refused = 0
        self._wanted = 1
        """What the last refused frame would have counted."""
        self._bad = 0
        self._bad_since = 0.0

    def admit(self, size: int) -> Verdict:
        """The verdict on a frame of `size` characters or bytes."""
        if size > limits().frame_bytes:
            return Verdict.TOO_LARGE
        now = time.monotonic()
        rate, burst = limits().frames_per_second, limits().frames_burst
        self._tokens = min(burst, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        cost = min(burst, 1 + size // COUNTED_BYTES)
        if self._tokens >= cost:
            self._tokens -= cost
            self._refused = 0 if self._tokens > burst / 2 else self._refused
            return Verdict.TAKE
        self._refused += cost
        self._wanted = cost
        return Verdict.FLOOD if self._refused > limits().frames_refused else Verdict.REFUSE

    @property
    def retry_after_ms(self) -> int:
        """How long until a frame like the last refused one is taken."""
        return max(1, int((self._wanted - self._tokens) / limits().frames_per_second * 1000) + 1)

    def bad(self) -> bool:
        """Counts a frame that made no sense; True when there were too many in a minute (close with 4400)."""
        now = time.monotonic()
        if now - self._bad_since > 60:
            self._bad, self._bad_since = 0, now
        self._bad += 1
        return self._bad > limits().bad_frames_per_minute
