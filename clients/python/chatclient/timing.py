"""How patient a client is."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds. The defaults are those that the protocol asks for; tests make them shorter."""

    reconnect_min: float = 1.0
    reconnect_max: float = 30.0
    answer: float = 10.0
    """How long to wait for the answer to a request or a frame before repeating it."""
    ping: float = 20.0
    """How often to ask whether a silent socket still lives, and how long the answer may take."""
    close: float = 2.0
    rest_after: float = 2.0
    """How long a room's socket may be down before sends and marks go over REST."""
    tries: int = 6
    """How often a REST call is made before giving up."""
    patience: float = 60.0
    """A wait that the server asks for and that is longer than this is left to the caller."""

    def backoff(self, attempt: int) -> float:
        """The wait before repeating what failed `attempt` times: exponential, with jitter."""
        top = min(self.reconnect_max, self.reconnect_min * 2 ** min(attempt, 16))
        return random.uniform(self.reconnect_min, max(self.reconnect_min, top))  # noqa: S311 - jitter, no secret
