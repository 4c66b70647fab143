"""Who talks: seeded clients that send by every way, repeat, mark and read, whatever the network does."""

import asyncio
import itertools
import random
import uuid
from collections import deque
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from chatclient import Closed, LiveInbox, LiveRoom, Problem, SessionEnded, Unreachable
from tests.end_to_end.people import Json
from tests.faults.device import NotingDevice
from tests.faults.history import Answered, Invoked, Joined, ReadBack, Refused

QUEUED = 25
"""Unanswered sends of a device at which it stops talking: an outage is no reason for endless queues."""


@dataclass
class Pace:
    """How fast all together talk: a number of sends, evenly over the time."""

    total: int
    seconds: float
    devices: int = 1
    sent: int = 0

    def __post_init__(self) -> None:
        self.began = 0.0
        self.is_over = False
        self.reached = asyncio.Event()

    def start(self) -> None:
        """From now on it counts."""
        self.began = asyncio.get_running_loop().time()

    def count(self) -> None:
        """One more was sent."""
        self.sent += 1
        if self.sent >= self.total:
            self.reached.set()

    @property
    def gap(self) -> float:
        """The mean time between two sends of one device; shorter while all together are behind."""
        passed = asyncio.get_running_loop().time() - self.began
        due = self.total * min(passed, self.seconds) / self.seconds
        even = self.devices * self.seconds / self.total
        return even / min(4.0, 1.0 + max(0.0, due - self.sent) / (2 * self.devices))


class Client:
    """One device that talks."""

    def __init__(self, device: NotingDevice, rooms: list[str], *, on_inbox: bool, pace: Pace, seed: str) -> None:
        self.device = device
        self.rooms = rooms
        self.on_inbox = on_inbox
        self.random = random.Random(seed)
        self.is_gone = False
        self._pace = pace
        self._history = device.history
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered: deque[tuple[str, Json]] = deque(maxlen=50)
        self._newest: dict[str, int] = {}

    @property
    def label(self) -> str:
        """How the history calls the device."""
        return self.device.label

    async def start(self, stack: AsyncExitStack) -> None:
        """Connects, and returns when all rooms are live."""
        await stack.enter_async_context(self.device)
        lives: list[LiveInbox | LiveRoom]
        if self.on_inbox:
            inbox = self.device.noting_inbox()
            lives = [inbox]
        else:
            lives = [self.device.noting_room(room) for room in self.rooms]
        for live in lives:
            await stack.enter_async_context(live)
        for live in lives:
            await live.connected()
        for room in self.rooms:
            if isinstance(lives[0], LiveInbox):
                self.device.voice(lives[0], room)
            self._history.add(Joined(self._history.now, self.label, room, self.device.name))

    async def talk(self) -> None:
        """Talks until the pace is over, or the session."""
        while not self._pace.is_over and not self.is_gone:
            await asyncio.sleep(self.random.expovariate(1 / self._pace.gap))
            if self.unanswered < QUEUED and self.rooms:
                self._act(self.random.choice(self.rooms))

    @property
    def unanswered(self) -> int:
        """Sends under way."""
        voices = [voice for voice in self.device.voices.values() if voice.watch.ended is None]
        return len(self._tasks) + sum(len(voice.outbox._items) for voice in voices)

    def _act(self, room: str) -> None:
        ways = [self._say, self._post, self._say_in_a_row, self._send_twice, self._repeat]
        self.random.choices(ways, [62, 16, 4, 4, 6])[0](room)
        if self.random.random() < 0.15:
            self._mark("delivered", room)
        if self.random.random() < 0.06:
            self._mark("read", room)
        if self.random.random() < 0.02:
            self._start(self.device.voices[room].typing())

    # Ways to send

    def _say(self, room: str) -> None:
        """Over the socket, in the order of the outbox; over REST while the socket is down."""
        body = self._body(room)
        self._start(self._say_and_note(room, body), room, body)

    async def _say_and_note(self, room: str, body: Json, *, again: bool = False) -> None:
        voice = self.device.voices[room]
        if voice.watch.ended is not None or (again and body["client_id"] in voice.outbox._items):
            return
        self._answer(room, body, await voice.outbox.add(body), first=False)

    def _post(self, room: str) -> None:
        """Over REST."""
        body = self._body(room)
        self._start(self._post_and_note(room, body), room, body)

    async def _post_and_note(self, room: str, body: Json) -> None:
        answer = await self._post_until_answered(room, body)
        self._answer(room, body, answer, first=False)
        if self.random.random() < 0.5:
            await self._read_back(room, body, answer)

    async def _post_until_answered(self, room: str, body: Json) -> Json:
        while True:
            try:
                return await self.device.api.post(f"conversations/{room}/messages/", body)
            except Unreachable:
                pass
            except Problem as problem:
                if problem.retry == "never":
                    raise
            await asyncio.sleep(1)

    def _say_in_a_row(self, room: str) -> None:
        """Several on one socket without waiting for answers."""
        name = f"{self.label} {next(self._numbers)}"
        for _ in range(self.random.randint(2, 5)):
            body = self._body(room, burst=name)
            self._start(self._say_at_once(room, body), room, body)

    async def _say_at_once(self, room: str, body: Json) -> None:
        voice = self.device.voices[room]
        try:
            answer = await voice.link.ask("message.send", body, room if self.on_inbox else None)
        except (Unreachable, Problem):
            await self._say_and_note(room, body)
        else:
            self._answer(room, body, answer)

    def _send_twice(self, room: str) -> None:
        """The same over both ways at once."""
        body = self._body(room)
        self._start(self._post_and_note(room, body), room, body)
        self._start(self._say_at_once(room, body), room, body)

    def _repeat(self, room: str) -> None:
        """Something that was answered long ago, once more: over REST, over the socket, or both at once."""
        if not self._answered:
            return
        room, body = self.random.choice(self._answered)
        way = self.random.randrange(3)
        if way != 1:
            self._start(self._post_and_note(room, body), room, body)
        if way != 0:
            self._start(self._say_and_note(room, body, again=True), room, body)

    # What all of them need

    def _body(self, room: str, burst: str = "") -> Json:
        text = f"{room} {self.label} {next(self._numbers)}"
        if self.random.random() < 0.05:
            text += " " + "long " * self.random.randint(10, 700)
        body = {"client_id": str(uuid.UUID(int=self.random.getrandbits(128), version=4)), "text": text.rstrip()}
        sender = self.device.name
        self._history.add(Invoked(self._history.now, self.label, room, body["client_id"], sender, body["text"], burst))
        self._pace.count()
        return body

    def _answer(self, room: str, body: Json, answer: Json, *, first: bool = True) -> None:
        stored = answer["id"], answer["seq"], answer["text"], first
        place = self._history.now, self.label, room, body["client_id"], self.device.name
        self._history.add(Answered(*place, *stored))
        self._answered.append((room, body))
        self._newest[room] = max(self._newest.get(room, 0), answer["seq"])

    async def _read_back(self, room: str, body: Json, answer: Json) -> None:
        try:
            page = await self.device.api.get(f"conversations/{room}/messages/", around=answer["seq"], limit=1)
        except (Unreachable, Problem):
            return
        found = any(row["id"] == answer["id"] for row in page["results"])
        self._history.add(ReadBack(self._history.now, self.label, room, body["client_id"], found))

    def _mark(self, kind: str, room: str) -> None:
        voice = self.device.voices[room]
        seq = max(self._newest.get(room, 0), voice.store.rev or 0)  # here `rev` is about as far as `seq`
        if kind == "read":
            voice.read(min(seq, voice.store.seq))
        else:
            voice.delivered(min(seq, voice.store.seq))

    def _start(self, work: Coroutine[Any, Any, None], room: str = "", body: Json | None = None) -> None:
        task = asyncio.get_running_loop().create_task(self._until_the_end(work, room, body or {}))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _until_the_end(self, work: Coroutine[Any, Any, None], room: str, body: Json) -> None:
        try:
            await work
        except SessionEnded:
            self.is_gone = True
        except Closed:
            return  # no longer a member: nobody will know what became of it
        except Problem as problem:
            place = self._history.now, self.label, room, body.get("client_id", ""), self.device.name
            self._history.add(Refused(*place, str(problem)))

    async def drop(self) -> None:
        """Gives up what is under way: nobody will know whether it happened."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
