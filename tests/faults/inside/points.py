"""Points at which a process kills itself: right before a commit, and right after it, before anybody was told.

The harness orders it with a file in the process's folder, `die-before-commit` or `die-after-commit`; whoever comes to
the point first takes the order.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

BEFORE, AFTER = "die-before-commit", "die-after-commit"


def add_points(folder: str) -> None:
    """Makes every commit look for an order in `folder`."""
    if folder:
        BaseDatabaseWrapper.commit = deadly(BaseDatabaseWrapper.commit, Path(folder))  # type: ignore[method-assign, assignment]


def deadly(commit: Callable[[BaseDatabaseWrapper], None], folder: Path) -> Callable[[BaseDatabaseWrapper], None]:
    """`commit` between the two points."""

    def with_points(self: BaseDatabaseWrapper) -> None:
        die_if_ordered(folder / BEFORE)
        commit(self)
        die_if_ordered(folder / AFTER)

    return with_points


def die_if_ordered(order: Path) -> None:
    """An order is carried out once."""
    try:
        order.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
