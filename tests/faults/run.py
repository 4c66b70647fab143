"""One run: people talk, the nemesis strikes, then everything heals, everybody settles, and the truth is read."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.people import Json
from tests.end_to_end.site import MAIL, RECORD
from tests.faults.checkers import Record
from tests.faults.clients import Client, Pace
from tests.faults.history import Complaint, History, Sample
from tests.faults.logs import is_unforeseen
from tests.faults.nemesis import Nemesis
from tests.faults.site import ROUTES, SOCKETS, FaultSite
from tests.faults.truth import Told, Truth, read_heads, read_truth
from tests.faults.world import Size, World

logger = logging.getLogger(__name__)

SAMPLE_SECONDS = 60.0
Rage = Callable[[Nemesis], Awaitable[None]]


@dataclass(frozen=True)
class Plan:
    """What a run consists of."""

    size: Size
    sends: int
    seconds: float
    seed: int
    rage: Rage
    patience: float = 60.0
    """Seconds in which everybody has to have everything, at the end."""


class Run:
    """One run on a site."""

    def __init__(self, site: FaultSite, plan: Plan) -> None:
        self.site = site
        self.plan = plan
        self.history = History()
        self.pace = Pace(plan.sends, plan.seconds)
        self.world = World(site, plan.size, self.history, self.pace, plan.seed)
        self._read_up_to = {process.name: process.log.stat().st_size for process in site.processes}

    async def go(self) -> Record:
        """The whole run; what the checkers look at."""
        await asyncio.to_thread(self.world.found)
        async with AsyncExitStack() as stack:
            self.world.stack = stack
            await self.world.connect()
            self.sample()
            await self._talk()
            await self._heal()
            await self._settle()
            truth = await self._read()
            self.sample()
            self._read_logs()
        return Record(self.history.events, truth)

    async def _talk(self) -> None:
        self.pace.start()
        talks = [asyncio.create_task(client.talk()) for client in self.world.clients]
        samples = asyncio.create_task(self._sample_now_and_then())
        try:
            await self.plan.rage(Nemesis(self.world, self.history, self.plan.seed))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.pace.reached.wait(), 0.5 * self.plan.seconds + 30)
        finally:
            self.pace.is_over = True
            samples.cancel()
        await asyncio.gather(*talks, *self.world.latecomers)

    async def _heal(self) -> None:
        for route in ROUTES:
            self.site.network.calm(route)

    # The end

    async def _settle(self) -> None:
        """Until everything said is answered and every device has every room's numbers, or patience is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.plan.patience
        while loop.time() < deadline:
            if not self._unanswered and await asyncio.to_thread(self._is_level):
                return
            await asyncio.sleep(0.3)
        logger.warning("not settled: %d unanswered", self._unanswered)
        for client in self.world.clients:
            await client.drop()

    @property
    def _present(self) -> list[Client]:
        return [client for client in self.world.clients if not client.is_gone]

    @property
    def _unanswered(self) -> int:
        marks = sum(
            voice._wanted[kind] > voice._told[kind]
            for client in self._present
            for voice in client.device.voices.values()
            for kind in ("read", "delivered")
        )
        return marks + sum(client.unanswered for client in self._present)

    def _is_level(self) -> bool:
        heads = read_heads(self.site.postgres.url)
        stores = [(client.device.rooms[room], heads[room]) for client in self._present for room in client.rooms]
        return all((store.rev, store.marks) == head for store, head in stores)

    async def _read(self) -> Truth:
        truth = await asyncio.to_thread(read_truth, self.site.postgres.url)
        ours = set(self.world.rooms)
        truth = Truth(
            [row for row in truth.rows if row.room in ours], [member for member in truth.members if member.room in ours]
        )
        rows = {room: await self._everything(room) for room in self.world.rooms}
        for name in self.world.sessions:
            clients = [client for client in self._present if client.device.name == name]
            if clients:
                await self._compare(clients, truth, rows)
        return truth

    async def _everything(self, room: str) -> tuple[list[Json], Json]:
        device = next(client.device for client in self._present if room in client.rooms)
        path: str | None = f"conversations/{room}/messages/?limit=200"
        rows: list[Json] = []
        while path is not None:
            page = await device.look(path)
            rows += page["results"]
            path = page["next"]
        return rows[::-1], await device.look(f"conversations/{room}/receipts/")

    async def _compare(self, clients: list[Client], truth: Truth, rows: dict[str, tuple[list[Json], Json]]) -> None:
        device = clients[0].device
        listed = await device.look("conversations/?limit=200")
        truth.badges[device.name] = (await device.api.post("sync/", {}))["badge"]
        for room in listed["results"]:
            name, my = room["room_name"], room["my"]
            last = (room["last_message"] or {}).get("id", "")
            truth.told.append(Told(name, device.name, my["unread_count"], my["last_read_seq"], last))
            for client in clients:
                if name in client.rooms:
                    client.device.compare(name, rows[name][0], room, rows[name][1])

    async def _sample_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            self.sample()

    def sample(self) -> None:
        """What our processes hold now; one may just be down."""
        for name in SOCKETS:
            with suppress(FileNotFoundError, ProcessLookupError, KeyError):
                self.history.add(sample_of(self.history.now, name, self.site.pid(name)))

    def _read_logs(self) -> None:
        for process in self.site.processes:
            text = process.log.read_bytes()[self._read_up_to[process.name] :].decode(errors="replace")
            for entry in RECORD.split(MAIL.sub("", text)):
                if is_unforeseen(entry):
                    self.history.add(Complaint(self.history.now, f"{process.name}: {entry[:3_000]}"))
            found = [secret for secret in self.site.secrets if secret in text]
            if found:
                self.history.add(Complaint(self.history.now, f"{process.name} logs {len(found)} secrets"))


def sample_of(at: float, name: str, pid: int) -> Sample:
    """From /proc: this harness runs on Linux."""
    folder = Path("/proc", str(pid))
    facts = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    memory = int(facts["VmRSS"].split()[0]) * 1_024
    return Sample(at, name, len(list((folder / "fd").iterdir())), int(facts["Threads"]), memory)
