"""A clock that jumps: the harness leaves the seconds by which it is wrong in the process's folder."""

import datetime as dt
from pathlib import Path

from django.utils import timezone


def add_clock(folder: str) -> None:
    """Makes the one function that tells the time here look for an order in `folder`."""
    if not folder:
        return
    order, right = Path(folder, "clock"), timezone.now

    def now() -> dt.datetime:
        try:
            return right() + dt.timedelta(seconds=float(order.read_text()))
        except (OSError, ValueError):
            return right()

    timezone.now = now
