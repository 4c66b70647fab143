"""Small deliberate bugs, one at a time, which the checkers have to catch: a checker that passes them is broken.

They exist in the processes of the harness only, switched on by `FAULTS_MUTANT`. Each replaces something at a seam of
the product; a seam that is gone is an error at the start, not a mutant that does nothing.
"""

import dataclasses
import functools
import logging
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction

logger = logging.getLogger(__name__)


def replace(module: str, name: str, make: Callable[[Any], Any]) -> None:
    """Puts `make(original)` in the place of a module's function, wherever it was imported to."""
    original = getattr(__import__(module, fromlist=[name]), name)
    made = functools.wraps(original)(make(original))
    for other in list(sys.modules.values()):
        if getattr(other, "__dict__", {}).get(name) is original:
            setattr(other, name, made)


def ack_before_commit() -> None:
    """Answers what the transaction would give, takes it back, and stores it a moment later."""

    def make(send_messages: Any) -> Any:
        def early(*, drafts: Sequence[Any], **more: Any) -> Any:
            with transaction.atomic():
                outcomes = send_messages(drafts=drafts, **more)
                connection.run_on_commit = []
                transaction.set_rollback(True)
            threading.Thread(target=store_later, args=(send_messages, drafts), daemon=True).start()
            return outcomes

        return early

    replace("conversations.actions.messages", "send_messages", make)


def store_later(send_messages: Any, drafts: Sequence[Any]) -> None:
    """The commit that nobody waited for."""
    time.sleep(0.15)
    try:
        send_messages(drafts=drafts)
    except Exception:
        logger.info("Stored too late.", exc_info=True)
    finally:
        connection.close()


def forgotten_client_id() -> None:
    """Takes every repeat for a new message."""

    def make(send_messages: Any) -> Any:
        def forgetful(*, drafts: Sequence[Any], **more: Any) -> Any:
            return send_messages(drafts=[dataclasses.replace(d, client_id=uuid.uuid4()) for d in drafts], **more)

        return forgetful

    replace("conversations.actions.messages", "send_messages", make)


def lost_without_repair() -> None:
    """One process loses each twentieth event and never looks."""
    if os.environ.get("FAULTS_PROCESS") != "sockets-2":
        return
    from chatapi.realtime.hub import Hub
    from chatapi.realtime.repair import Repair

    receive, counted = Hub.receive, [0]

    def lossy(self: Hub, events: Sequence[Any]) -> None:
        counted[0] += len(events)
        receive(self, [event for place, event in enumerate(events) if (counted[0] + place) % 20])

    Hub.receive = lossy  # type: ignore[method-assign]
    Repair.if_needed = lambda self, feed: None  # type: ignore[method-assign]


def resume_off_by_one() -> None:
    """Who comes back is given everything but the first row missed."""

    def make(changes_since: Any) -> Any:
        def short(room_id: Any, since: Any, **more: Any) -> Any:
            changes = changes_since(room_id, since, **more)
            if more.get("viewer") is None or changes is None or len(changes.durable) < 2:
                return changes
            return dataclasses.replace(changes, durable=changes.durable[1:])

        return short

    replace("conversations.catchup", "changes_since", make)


def badge_not_recomputed() -> None:
    """Counts a user's badge once and remembers it."""

    def make(badge_of: Any) -> Any:
        counted: dict[Any, int] = {}
        return lambda user: counted.setdefault(user.pk, badge_of(user))

    replace("conversations.listing", "badge_of", make)


def order_by_arrival() -> None:
    """Delivers events as they come, whatever their number."""
    from chatapi.realtime.order import Order

    def offer(self: Order, number: int, event: Any) -> list[Any]:
        self.number = max(self.number, number)
        return [event]

    Order.offer = offer  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (
        ack_before_commit,
        forgotten_client_id,
        lost_without_repair,
        resume_off_by_one,
        badge_not_recomputed,
        order_by_arrival,
    )
}
