"""How often Python looks for reference cycles.

By default after every 700 new objects: under load a quarter of a socket process's time, nearly all of it in vain,
because what a request or a frame leaves behind is mostly freed by counting.
"""

import gc

NEW_OBJECTS = 50_000
"""Between two looks; some ten megabytes, should all of them be cycles."""


def collect_rarely() -> None:
    """Called once when everything is loaded: what exists now stays, so no later look goes over it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)
