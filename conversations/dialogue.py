"""What a client says on one socket, and what it is answered: frame by frame, in order.

A send is handed on at once and shares a commit with the sends of other sockets; all else waits for what came before it.
"""

import asyncio
import functools
import secrets
from collections import deque
from typing import Protocol

from accounts.authentication import Principal
from chatapi import database, json
from chatapi.errors import Problem, RateLimited
from chatapi.limits import limits
from chatapi.problems import as_problem
from chatapi.realtime.frames import frame
from chatapi.realtime.intake import Intake
from chatapi.realtime.wire import Frames
from conversations.actions.messages import Sent
from conversations.commands import SEND, Caller, Command, Reply, draft_of, find_room, perform, understand
from conversations.send_queue import send_queue
from conversations.shapes import message_text

SENDS_AT_ONCE = 50
"""Sends of one socket that may be under way together."""


class Speaker(Protocol):
    """The socket."""

    code: int
    """What it was closed with; 0 while it is open."""
    away: bool
    room_name: str | None

    @property
    def caller(self) -> Caller:
        """Who speaks."""

    def push(self, frames: Frames) -> None:
        """Sends ready frames; never waits."""

    def close(self, code: int) -> None:
        """Closes the socket; never waits."""

    def become(self, principal: Principal) -> None:
        """Goes on with another token of the same user."""


class Dialogue:
    """The frames of one socket that wait for an answer."""

    __slots__ = ("_intake", "_queue", "_queued", "_sending", "_settled", "_socket", "_typing", "_worker")

    def __init__(self, socket: Speaker, intake: Intake) -> None:
        self._socket = socket
        self._intake = intake
        self._queue: deque[str] | None = None
        """Frames that came while the worker was busy; most sockets never have any."""
        self._queued = 0
        self._worker: asyncio.Task[None] | None = None
        self._sending = 0
        """Sends under way."""
        self._settled: asyncio.Event | None = None
        """What the worker waits for while sends are under way."""
        self._typing: set[str] | None = None

    def take(self, text: str) -> None:
        """Takes a frame: a send goes on at once, anything else begins the worker, in which later frames wait."""
        if self._socket.code:
            return
        if self._worker is not None:
            self._keep(text)
            return
        command = self._understood(text)
        if command is not None and not self._send(command):
            self._start_work(command)

    def end(self) -> None:
        """Forgets what was not begun. Whoever is gone types no more; best effort, it ends by itself anyway."""
        self._queue = None
        if self._worker is not None:
            self._worker.cancel()
        for room_name in self._typing or ():
            database.run_later(perform, self._socket.caller, Command("typing", {"state": "idle"}, room=room_name))

    def answer_problem(self, problem: Problem, ref: str | None) -> None:
        """Answers with an error; too many senseless frames end the socket with 4400."""
        self._socket.push(Frames([frame("error", ref=ref, error=problem.as_json(secrets.token_hex(16)))]))
        if problem.status == 400 and self._intake.bad():
            self._socket.close(4400)

    # Frames that wait

    def _keep(self, text: str) -> None:
        if self._queued + len(text) > 4 * limits().frame_bytes:
            self.answer_problem(RateLimited(retry_after_ms=1_000), None)
            return
        if self._queue is None:
            self._queue = deque()
        self._queue.append(text)
        self._queued += len(text)

    def _next(self) -> str | None:
        if not self._queue:
            return None
        text = self._queue.popleft()
        self._queued -= len(text)
        return text

    def _start_work(self, command: Command | None = None) -> None:
        self._worker = asyncio.get_running_loop().create_task(self._work(command))

    async def _work(self, command: Command | None) -> None:
        try:
            while not self._socket.code:
                if command is not None:
                    await self._do(command)
                text = self._next()
                if text is None:
                    break
                command = self._understood(text)
        finally:
            self._worker = None
            if self._queue and not self._socket.code:
                self._start_work()

    async def _do(self, command: Command) -> None:
        if self._send(command):
            return
        if self._sending:
            self._settled = asyncio.Event()
            await self._settled.wait()
            self._settled = None
        if not self._send(command):
            await self._answer(command)

    def _understood(self, text: str) -> Command | None:
        """The command in a frame; one that cannot be understood is answered with its problem."""
        ref = None
        try:
            body = json.loads(text)
            ref = body.get("ref") if isinstance(body.get("ref"), str) else None
            return understand(body)
        except Problem as problem:
            self.answer_problem(problem, ref)
            return None

    # Sends

    def _send(self, command: Command) -> bool:
        """Hands a send to the queue; False for another command, and for a send that has to wait."""
        if command.type != SEND or self._sending >= SENDS_AT_ONCE:
            return False
        try:
            draft = draft_of(self._socket.caller, command)
        except Exception as error:  # noqa: BLE001 - every error becomes a frame, none ends the socket
            self.answer_problem(as_problem(error), command.ref)
            return True
        if draft is not None:
            self._sending += 1
            send_queue().add(draft, functools.partial(self._sent, command))
        return draft is not None

    def _sent(self, command: Command, outcome: Sent | Problem) -> None:
        self._sending -= 1
        if not self._sending and self._settled is not None:
            self._settled.set()
        if isinstance(outcome, Problem):
            self.answer_problem(outcome, command.ref)
        else:
            self._reply(command, Reply(message_text(outcome.message), rev=outcome.message.rev))

    # Everything else

    async def _answer(self, command: Command) -> None:
        try:
            if command.type == SEND:
                await database.run(find_room, self._socket.caller, command)
                self._send(command)
                return
            self._note_typing(command)  # before: others may see it before this socket's end does
            reply = await database.run(perform, self._socket.caller, command)
        except Exception as error:  # noqa: BLE001 - every error becomes a frame, none ends the socket
            self._note_typing(command, failed=True)
            self.answer_problem(as_problem(error), command.ref)
            return
        if reply.away is not None:
            self._socket.away = reply.away
        if reply.principal is not None:
            self._socket.become(reply.principal)
        self._reply(command, reply)

    def _reply(self, command: Command, reply: Reply) -> None:
        texts = [json.dumps(body) for body in reply.frames]
        if command.is_answered:
            room = command.room or self._socket.room_name
            texts.append(frame(reply.type, reply.data, ref=command.ref, room=room, rev=reply.rev))
        self._socket.push(Frames(texts))

    def _note_typing(self, command: Command, *, failed: bool = False) -> None:
        if command.type == "typing":
            room_name = command.room or self._socket.room_name or ""
            typing = self._typing = self._typing or set()
            typing.discard(room_name)
            if not failed and command.data.get("state") != "idle":
                typing.add(room_name)
