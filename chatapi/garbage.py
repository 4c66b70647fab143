"""How often Python looks for reference cycles.

By default after every 700 new objects: under load a quarter of a socket process's time, nearly all of it in vain,
because what a request or a frame leaves behind is mostly freed by counting.
"""

import gc

THRESHOLDS = (50_000, 5, 2)
"""New objects before a look at the young ones, and how many of those before a look at older ones and at all: what is
left of three thousand closed sockets, some 70 MB, is the most that waits."""


def collect_rarely() -> None:
    """Called once when everything is loaded: what exists now stays, so no later look goes over it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
