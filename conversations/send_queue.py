"""Group commit: sends that arrive while a transaction is under way share the next one.

With one sender a batch is one message and nobody waits for a timer; under load it is as many as came meanwhile, and the
price of a commit is shared. A batch passes by rooms that somebody else has locked; their messages get a transaction
of their own, so a slow room holds up nobody (F11).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, OperationalError

from chatapi import database
from chatapi.errors import Problem
from chatapi.problems import as_problem
from conversations.actions.messages import Draft, Outcome, Sent, send_messages
from conversations.locks import RoomIsLocked

logger = logging.getLogger(__name__)

BATCH_MESSAGES = 200
DEADLOCK = "40P01"

GATHERING_SECONDS = 0.001
"""How long a batch waits, if the last one had several messages, for those who have just been answered: half as many
commits, for a millisecond that a busy server hides."""

Done = Callable[[Sent | Problem], None]
Waiting = tuple[Draft, Done]


class SendQueue:
    """The sends of one event loop."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._apart: dict[UUID, list[Waiting]] = {}
        """Rooms that were locked, and what came for them since: it must not overtake what waits for the lock."""
        self._patience = asyncio.Semaphore(max(1, settings.SOCKET_DATABASE_THREADS // 2))
        """Who waits for locks leaves the other threads to the rest."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False
        self._size = 0
        """Of the last batch."""

    def add(self, draft: Draft, done: Done) -> None:
        """Calls `done` with the stored message, after the commit, or with the draft's problem; no task waits for it."""
        self._apart.get(draft.room_id, self._waiting).append((draft, done))
        if self._waiting and not self._running:
            self._running = True
            self._start(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                if self._size > 1:
                    await asyncio.sleep(GATHERING_SECONDS)
                batch = self._waiting[:BATCH_MESSAGES]
                del self._waiting[:BATCH_MESSAGES]
                self._size = len(batch)
                await self._commit(batch, pass_by_locked=True)
        finally:
            self._running = False

    async def _run_apart(self, room_id: UUID) -> None:
        """Waits for the room's lock on its own, in order, until nothing is left for the room."""
        waiting = self._apart[room_id]
        try:
            while waiting:
                batch = waiting[:BATCH_MESSAGES]
                del waiting[:BATCH_MESSAGES]
                async with self._patience:
                    await self._commit(batch, pass_by_locked=False)
        finally:
            del self._apart[room_id]

    def _set_apart(self, locked: Sequence[Waiting]) -> None:
        """Gives rooms a transaction of their own, together with what waits for them: order is kept."""
        for room_id in {draft.room_id for draft, _ in locked}:
            self._apart[room_id] = [entry for entry in (*locked, *self._waiting) if entry[0].room_id == room_id]
            self._start(self._run_apart(room_id))
        self._waiting = [entry for entry in self._waiting if entry[0].room_id not in self._apart]

    async def _commit(self, batch: Sequence[Waiting], *, pass_by_locked: bool) -> None:
        drafts = [draft for draft, _ in batch]
        outcomes: list[Outcome]
        try:
            outcomes = await database.run(_send, drafts, pass_by_locked)
        except Exception as error:  # noqa: BLE001 - whatever it is, every sender gets an answer
            outcomes = [as_problem(error) for _ in batch]
        self._set_apart(
            [entry for entry, outcome in zip(batch, outcomes, strict=True) if isinstance(outcome, RoomIsLocked)]
        )
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            if not isinstance(outcome, RoomIsLocked):  # else it was set apart
                _tell(done, outcome)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _tell(done: Done, outcome: Sent | Problem) -> None:
    try:
        done(outcome)
    except Exception:
        logger.exception("A sender could not be answered.")


def _send(drafts: Sequence[Draft], pass_by_locked: bool) -> list[Outcome]:
    """One transaction for all; after a refusal by the database one for each, so that a bad message harms no other.

    Repeating is safe whatever has happened to the first commit: what it stored is found by its `client_id`.
    """
    try:
        return send_messages(drafts=drafts, pass_by_locked=pass_by_locked)
    except DatabaseError as error:
        if len(drafts) == 1 or _is_outage(error):
            raise
        logger.warning("A batch of %d messages was refused; trying them one by one.", len(drafts), exc_info=True)
    return [_send_alone(draft) for draft in drafts]


def _is_outage(error: DatabaseError) -> bool:
    """Whether the next attempt would fail alike: not after a deadlock, which is over when one has given way."""
    return isinstance(error, OperationalError) and getattr(error.__cause__, "pgcode", None) != DEADLOCK


def _send_alone(draft: Draft) -> Outcome:
    try:
        return send_messages(drafts=[draft])[0]
    except DatabaseError as error:
        return as_problem(error)


_queues: dict[int, tuple[asyncio.AbstractEventLoop, SendQueue]] = {}


def send_queue() -> SendQueue:
    """The queue of the running loop."""
    loop = asyncio.get_running_loop()
    known = _queues.get(id(loop))
    if known is None or known[0] is not loop:
        _queues.clear()  # a process has one serving loop; in tests one follows the other
        known = _queues[id(loop)] = (loop, SendQueue())
    return known[1]
