"""One socket's outgoing side: pushing never waits, what waits is bounded, and nobody is woken while it flows.

Frames that fall due together leave with one write (`Turn`), past ASGI where the server's transport is known, else with
`send`, run on the spot. Only when the server makes that wait (the peer does not read) does a task take over; what is
pushed meanwhile queues up here. daphne never makes anybody wait and keeps everything in its transport (F18), so
the transport is asked as well: above the limit, or when it stands still for too long, the socket counts as slow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from chatapi.limits import limits
from chatapi.realtime.transport import direct_transport
from chatapi.realtime.turn import Turn
from chatapi.realtime.wire import Frames

Message = dict[str, Any]
Send = Callable[[Message], Coroutine[Any, Any, None]]

PROBE_BYTES = 65_536
"""The transport is asked after this many bytes: rarely enough to cost nothing, often enough to bound memory."""
LOOK_SECONDS = 5.0
"""… and with the first push after so long: what the server itself answers (pongs) waits there as well. The heartbeat
makes sure that there is a push."""
ABORT_SECONDS = 2.0
"""How long a slow reader may take to receive its close frame."""


class Outbox:
    """Sends frames over one accepted socket, in the order they were pushed."""

    __slots__ = (
        "_allowance",
        "_closing",
        "_direct",
        "_due",
        "_look_at",
        "_on_slow",
        "_pushed",
        "_queue",
        "_send",
        "_stuck_at",
        "_task",
        "_total",
        "_turn",
        "waiting",
    )

    def __init__(self, send: Send, turn: Turn, on_slow: Callable[[], None]) -> None:
        self._send = send
        self._turn = turn
        self._on_slow = on_slow
        self._due: list[Frames] = []
        """What leaves at the end of the turn."""
        self._direct = direct_transport(send)
        self._queue: list[Message] = []  # nearly always empty, and an empty deque is not small
        self._task: asyncio.Task[None] | None = None
        self._pushed = 0
        self._total = 0
        self._look_at = 0.0
        self._stuck_at: tuple[int, float] | None = None
        """How much the peer had taken when it was last seen to take anything, and when that was."""
        self._allowance = 0
        """What may be unsent above the limit: the size of one large push."""
        self._closing = False
        self.waiting = 0
        """Characters that were pushed and that the server has not taken."""

    def push(self, frames: Frames) -> None:
        """Sends `frames`, together with what else falls due in this turn."""
        if not self._closing:
            if not self._due:
                self._turn.add(self)
            self._due.append(frames)

    def leave(self) -> None:
        """Sends what was pushed."""
        if self._due:
            due, self._due = self._due, []
            self._write(Frames.together(due))

    def _write(self, frames: Frames) -> None:
        if frames.size >= PROBE_BYTES:
            self._expect(frames)
        elif asyncio.get_running_loop().time() >= self._look_at:
            self.check_slow()  # before this push: a peer that reads has taken everything by now
        if self._closing:
            return
        flows = self._task is None and not self._queue
        if flows and self._direct is not None and self._direct.write(frames.wire):
            self._pushed += len(frames.wire)
        else:
            self._enqueue(frames)
        if self._pushed >= PROBE_BYTES or self.waiting:
            self.check_slow()

    def _expect(self, frames: Frames) -> None:
        """Much at once (a replay, a repair) says nothing about the peer, unless it has not read the last such push."""
        self.check_slow()
        if self._unsent > limits().outgoing_bytes:
            self._on_slow()
        self._allowance = frames.size

    def _enqueue(self, frames: Frames) -> None:
        for text in frames.texts:
            self._queue.append({"type": "websocket.send", "text": text})
            self.waiting += len(text)
            self._pushed += len(text)
        if self._task is None:
            self._flush()

    def close(self, code: int) -> None:
        """Closes the socket with `code` after what was pushed."""
        if self._closing:
            return
        self.leave()
        self._closing = True
        self._queue.append({"type": "websocket.close", "code": code})
        if self._task is None:
            self._flush()

    def drop(self) -> None:
        """Forgets what was not sent: the socket is gone."""
        self._closing = True
        self._due.clear()
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()

    def abandon(self) -> None:
        """Drops queued frames, so that a close is next; a peer that does not even take that is cut off."""
        self._due.clear()
        self._queue.clear()
        self.waiting = 0
        if self._direct is not None:
            asyncio.get_running_loop().call_later(ABORT_SECONDS, self._direct.abort)

    def check_slow(self) -> None:
        """Tells the owner when the peer leaves too much untaken, or has taken nothing for too long.

        What was pushed a moment ago always counts as unsent: only what the peer takes in between shows that it reads.
        """
        self._total += self._pushed
        self._pushed = 0
        unsent = self._unsent
        if unsent <= limits().outgoing_bytes:
            self._allowance = 0
        taken, now = self._total - unsent, asyncio.get_running_loop().time()
        self._look_at = now + LOOK_SECONDS
        if not unsent:
            self._stuck_at = None
        elif unsent > limits().outgoing_bytes + self._allowance:
            self._on_slow()
        elif self._stuck_at is None or taken > self._stuck_at[0]:
            self._stuck_at = (taken, now)
        elif now - self._stuck_at[1] > limits().outgoing_seconds:
            self._on_slow()

    @property
    def _unsent(self) -> int:
        return self.waiting + (self._direct.unsent() if self._direct is not None else 0)

    def _flush(self) -> None:
        while self._queue:
            message = self._queue.pop(0)
            rest = self._start(message)
            if rest is not None:
                self._task = asyncio.get_running_loop().create_task(self._finish(rest, message))
                return
            self._sent(message)

    def _start(self, message: Message) -> Awaitable[None] | None:
        code = message.get("code")
        if code is not None and self._direct is not None and self._direct.close(code):
            return None
        return _start(self._send(message))

    async def _finish(self, rest: Awaitable[None], message: Message) -> None:
        try:
            await rest
            self._sent(message)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - servers say in their own ways that the peer is gone; the reader ends it
            self._closing = True
            self._queue.clear()
        finally:
            self._task = None
        self._flush()

    def _sent(self, message: Message) -> None:
        self.waiting = max(0, self.waiting - len(message.get("text", "")))


class _Rest:
    """The remainder of a coroutine that has already run to its first wait."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], first_wait: Any) -> None:
        self._coroutine = coroutine
        self._first_wait = first_wait

    def __await__(self) -> Generator[Any, Any, None]:
        wait = self._first_wait
        while True:
            step: Callable[[Any], Any] = self._coroutine.send
            try:
                value = yield wait
            except BaseException as error:  # noqa: BLE001 - a cancellation is the coroutine's to handle
                step, value = self._coroutine.throw, error
            try:
                wait = step(value)
            except StopIteration:
                return


def _start(coroutine: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Runs `coroutine` up to its first wait: None when it has finished, else what is left of it.

    A server whose peer is gone raises here; that is the same as having sent to nobody.
    """
    try:
        return _Rest(coroutine, coroutine.send(None))
    except StopIteration:
        return None
    except Exception:  # noqa: BLE001 - as in _finish
        return None
