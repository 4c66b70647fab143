"""One measurement: start a stack, load it, and read what it cost."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
from machine import APP_CORE, OTHER_CORE, Probes
from shapes import Shape
from stacks import Running, Stack, Unusable, running

HERE = Path(__file__).resolve().parent
DISTURBED_FOREIGN = 0.15
"""A measurement is marked when others kept more than this many cores busy meanwhile."""


@dataclass(slots=True)
class Site:
    """What all stacks share."""

    database: int
    redis: int
    probes: Probes
    work: Path


@dataclass(slots=True)
class Reading:
    """The CPU that everything has used at one moment."""

    at: float
    app: float
    redis: float
    database: float
    busy: float
    ours: float

    @classmethod
    def now(cls, site: Site, app: Running, load: int) -> "Reading":
        """The present reading."""
        app_cpu, redis, database = (machine.cpu_seconds(pid) for pid in (app.pid, site.redis, site.database))
        ours = app_cpu + redis + database + machine.cpu_seconds(load) + site.probes.cpu
        return cls(time.monotonic(), app_cpu, redis, database, machine.busy_seconds(), ours)

    @property
    def cpu(self) -> float:
        """Of the whole stack."""
        return self.app + self.redis + self.database

    def until(self, later: "Reading", probes: Probes) -> dict[str, Any]:
        """What was used between this reading and a later one, and how disturbed that time was."""
        seconds = later.at - self.at
        foreign = (later.busy - self.busy - (later.ours - self.ours)) / seconds
        if later.app - self.app <= 0:
            raise Unusable("The app used no CPU: something else was measured.")
        return {
            "wall_seconds": seconds,
            "app_cpu": later.app - self.app,
            "redis_cpu": later.redis - self.redis,
            "database_cpu": later.database - self.database,
            "app_probe": probes.cost(APP_CORE, self.at, later.at),
            "other_probe": probes.cost(OTHER_CORE, self.at, later.at),
            "foreign_cores": round(foreign, 3),
            "disturbed": foreign > DISTURBED_FOREIGN,
        }


class Generator:
    """The load generator's process (load.py)."""

    def __init__(self, script: str, plan: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        machine.pin(self._process.pid, OTHER_CORE)
        self.pid = self._process.pid
        self.tell(json.dumps(plan))

    def tell(self, line: str) -> None:
        """Writes a line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self, state: str) -> dict[str, Any]:
        """Its next line, which has to be about `state`."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        heard = json.loads(line) if line else {"state": "gone"}
        if heard.pop("state") != state:
            raise Unusable(f"The load generator did not come to {state!r}: {heard.get('reason', 'it ended')}")
        return dict(heard)

    def stop(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def generator(script: str, plan: dict[str, Any]) -> Iterator[Generator]:
    """A load generator that ends with the block."""
    load = Generator(script, plan)
    try:
        yield load
    finally:
        load.stop()


def plan_of(stack: Stack, shape: Shape, port: int) -> dict[str, Any]:
    """What the generator has to do."""
    assert stack.seeded is not None
    names = [stack.seeded.rooms[name] for name in shape.room_names]
    path = "/ws/inbox/?Authorization={token}" if shape.inbox else stack.path
    sockets = [
        {"path": path.format(token=stack.seeded.tokens[user], room=names[room]), "room": room}
        for user, room in shape.members
    ]
    pace = {"in_flight": shape.in_flight} if shape.in_flight else {"rate": shape.rate}
    dialect = "inbox" if shape.inbox else stack.dialect
    return {"port": port, "dialect": dialect, "rooms": names, "sockets": sockets} | pace


def measure_load(site: Site, stack: Stack, shape: Shape, warmup: float, seconds: float) -> dict[str, Any]:
    """The figures of one shape on one stack."""
    with running(stack.sockets, stack, site.work / f"{stack.name}.log") as app:
        plan = plan_of(stack, shape, app.port) | {"warmup": warmup, "seconds": seconds}
        with generator("load.py", plan) as load:
            started = Reading.now(site, app, load.pid)
            sockets = load.hear("connected")["sockets"]
            connecting = Reading.now(site, app, load.pid).cpu - started.cpu
            load.tell("go")
            load.hear("begin")
            before = Reading.now(site, app, load.pid)
            figures = load.hear("end")
            after = Reading.now(site, app, load.pid)
            figures |= load.hear("drained") | {"connect_cpu": connecting / sockets}
    if not figures["messages"]:
        raise Unusable("No message was completed.")
    return figures | before.until(after, site.probes)


WARM_SOCKETS = 100


def measure_idle(site: Site, stack: Stack, sockets: int) -> dict[str, Any]:
    """Memory and connect CPU per idle socket. Some are opened before, so that first uses do not count."""
    assert stack.seeded is not None
    rooms = list(stack.seeded.rooms.values())
    paths = [
        {"path": stack.path.format(token=token, room=rooms[number // 2]), "room": 0}
        for number, token in enumerate(stack.seeded.tokens[: sockets + WARM_SOCKETS])
    ]
    with running(stack.sockets, stack, site.work / f"{stack.name}.log") as app:
        plan = {"port": app.port, "dialect": stack.dialect, "rooms": ["all"], "idle": True}
        with generator("load.py", plan | {"sockets": paths[-WARM_SOCKETS:]}) as warm:
            warm.hear("connected")
            time.sleep(1)
            memory = machine.memory_bytes(app.pid)
            before = Reading.now(site, app, warm.pid)
            with generator("load.py", plan | {"sockets": paths[:sockets]}) as load:
                opened = load.hear("connected")["sockets"]
                after = Reading.now(site, app, load.pid)
                time.sleep(2)
                grown = machine.memory_bytes(app.pid) - memory
    return {"sockets": opened, "memory_per_socket": grown / opened} | before.until(after, site.probes)


def measure_history(site: Site, stack: Stack, messages: int, warmup: float, seconds: float) -> dict[str, Any]:
    """CPU per page of 50, anywhere in the history."""
    assert stack.seeded is not None
    path = stack.page.replace("{room}", stack.seeded.rooms["history"])
    with running(stack.rest, stack, site.work / f"{stack.name}-rest.log") as app:
        plan = {"port": app.port, "path": path, "token": stack.seeded.tokens[0], "messages": messages}
        with generator("load_pages.py", plan | {"warmup": warmup, "seconds": seconds}) as load:
            load.hear("connected")
            load.tell("go")
            load.hear("begin")
            before = Reading.now(site, app, load.pid)
            figures = load.hear("end")
            after = Reading.now(site, app, load.pid)
    return figures | before.until(after, site.probes)
