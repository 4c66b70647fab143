"""The one door to live delivery. Only `events` modules call it (an import contract holds that)."""

from collections.abc import Sequence

from django.db import transaction

from chatapi.realtime.bus import bus
from chatapi.realtime.event import Event


def publish(events: Sequence[Event]) -> None:
    """Sends `events` to every process once the current transaction has committed; at once outside of one.

    Never raises for the network's sake: the rows are the truth, an event is a hint, and a hub that misses one
    repairs itself from the rows.
    """
    if events:
        transaction.on_commit(lambda: bus().send(list(events)), robust=True)


def publish_passing(event: Event) -> None:
    """Sends an event that no row stands for (typing), at once and from any thread or event loop."""
    bus().send([event])
