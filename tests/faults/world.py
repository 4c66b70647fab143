"""Who is there: people, rooms of two and of several, and a device or two for everybody. All of it from one seed."""

import asyncio
import random
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from chatclient import Closed, Session
from tests.end_to_end.people import session_of, unique
from tests.faults.clients import Client, Pace
from tests.faults.device import Library, NotingDevice
from tests.faults.history import History
from tests.faults.site import FaultSite


@dataclass(frozen=True)
class Size:
    """How many of everything."""

    people: int
    directs: int
    groups: int
    largest_group: int
    second_devices: int


SMALL = Size(people=8, directs=2, groups=2, largest_group=6, second_devices=3)
TINY = Size(people=4, directs=1, groups=1, largest_group=4, second_devices=2)
LARGE = Size(people=40, directs=6, groups=14, largest_group=8, second_devices=6)


class World:
    """The people of a run and their clients."""

    def __init__(self, site: FaultSite, size: Size, history: History, pace: Pace, seed: int) -> None:
        self.site = site
        self.size = size
        self.history = history
        self.pace = pace
        self.random = random.Random(seed)
        self.seed = seed
        self.clients: list[Client] = []
        self.rooms: dict[str, list[str]] = {}
        """By room name: the members' names."""
        self.sessions: dict[str, Session] = {}
        self.stack = AsyncExitStack()
        self.latecomers: list[asyncio.Task[None]] = []
        self._library = Library()

    def found(self) -> None:
        """Makes people and rooms, past the servers. Everybody is in one room at least."""
        with self.site.fresh_shell() as shell:
            names = [unique(f"p{number}") for number in range(self.size.people)]
            self.sessions = {
                answer["user"]["username"]: session_of(answer) for answer in shell.call("persons", names=names)
            }
            for number in range(self.size.directs):
                one, other = names[2 * number], names[2 * number + 1]
                (room,) = shell.call("direct", one=one, others=[other])
                self.rooms[room] = [one, other]
            lonely = names[2 * self.size.directs :]
            for number in range(self.size.groups):
                share = lonely[number :: self.size.groups]
                others = [name for name in names if name not in share]
                more = self.random.sample(others, max(3, self.random.randint(3, self.size.largest_group)) - len(share))
                self.rooms[shell.call("group", members=share + more)] = share + more
            self._give_devices(shell.call("devices", names=self.random.sample(names, self.size.second_devices)))

    def _give_devices(self, second: list[dict[str, object]]) -> None:
        for number, session in enumerate(self.sessions.values()):
            self.add(session, label=f"d{number}", process=number % 2, on_inbox=number % 4 in {1, 2})
        for number, answer in enumerate(second):
            self.add(session_of(answer), label=f"e{number}", process=number % 2, on_inbox=number % 3 != 0)

    def add(self, session: Session, *, label: str, process: int, on_inbox: bool) -> Client:
        """A device with its client, not yet connected."""
        device = NotingDevice(
            self.site, session, label=label, process=process, history=self.history, library=self._library
        )
        client = Client(
            device, self.rooms_of(device.name), on_inbox=on_inbox, pace=self.pace, seed=f"{self.seed} {label}"
        )
        self.clients.append(client)
        self.pace.devices = len(self.clients)
        return client

    def rooms_of(self, name: str) -> list[str]:
        """The rooms somebody is in."""
        return [room for room, members in self.rooms.items() if name in members]  # a list of its own: it may change

    async def connect(self) -> None:
        """All devices, one after the other: a run begins in peace."""
        for client in self.clients:
            await client.start(self.stack)

    # What changes meanwhile

    async def another_device(self, former: Client) -> None:
        """A new session and device in the place of one that is gone; it connects and talks as soon as it can."""
        answer = await asyncio.to_thread(self._another_session, former.device.name)
        process = self.random.randrange(2)
        client = self.add(session_of(answer), label=f"f{len(self.clients)}", process=process, on_inbox=former.on_inbox)
        self.latecomers.append(asyncio.create_task(self._start_late(client)))

    async def _start_late(self, client: Client) -> None:
        with suppress(Closed):  # perhaps taken out of a room meanwhile
            await client.start(self.stack)
            await client.talk()

    def _another_session(self, name: str) -> dict[str, object]:
        with self.site.fresh_shell() as shell:
            (answer,) = shell.call("devices", names=[name])
        return dict(answer)

    def remove(self, name: str, room: str) -> None:
        """Ends somebody's membership; first their devices stop talking there, which hurts nobody."""
        self.rooms[room].remove(name)
        for client in self.clients:
            if client.device.name == name and room in client.rooms:
                client.rooms.remove(room)
        with self.site.fresh_shell() as shell:
            shell.call("remove", room=room, name=name)
