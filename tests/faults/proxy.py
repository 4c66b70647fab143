"""A TCP proxy in a process of its own, between everybody and everybody, that does what networks do.

`python -m tests.faults.proxy` reads commands, one JSON object a line, from its standard input and answers each with a
line; it ends with that pipe. `Network` is the side of the harness.

    route    listens for a target and says on which port
    weather  delay, jitter, rate, stalled, refusing: for the connections there are and those to come
    strike   cut, reset, break (in the middle of a frame) or half (half-open) the connections there are, or a share
"""

import asyncio
import json
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.faults.wire import Side, Weather

ROOT = Path(__file__).resolve().parents[2]
HALF_OPEN_SECONDS = 12.0
"""By then the kernel of a real peer would have given up (`tcp_user_timeout`): a proxy's goes on answering for it."""


class Route:
    """One listening port and its target."""

    def __init__(self, target: int, lot: random.Random) -> None:
        self.target = target
        self.weather = Weather()
        self.lines: set[Side] = set()
        """The near side of each connection."""
        self._lot = lot
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, port: int) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._accept, "127.0.0.1", port, backlog=1_024)

    def _accept(self) -> Side:
        return Near(self.weather, self._lot, self)

    def begin(self, near: Side) -> None:
        """A connection has come in: the far side follows, nothing is read before."""
        assert near.transport is not None
        if self.weather.refusing:
            near.reset()
            return
        near.transport.pause_reading()
        task = asyncio.get_running_loop().create_task(self._connect(near))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, near: Side) -> None:
        assert near.transport is not None
        far = Side(self.weather, self._lot)
        near.other, far.other = far, near
        self.lines.add(near)
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, "127.0.0.1", self.target)
        except OSError:
            near.reset()
            return
        if near.transport.is_closing():
            far.cut()
        else:
            near.flush()

    def forget_gone(self) -> None:
        """Lets go of connections without an end."""
        self.lines = {near for near in self.lines if not near.is_gone}

    def change(self, **weather: Any) -> None:
        """Another weather for all connections."""
        for name, value in weather.items():
            setattr(self.weather, name, value)
        for near in self.lines:
            near.flush()
            if near.other is not None:
                near.other.flush()

    def strike(self, how: str, share: float) -> int:
        """Does it to a share of the connections; how many there were."""
        self.forget_gone()
        struck = [near for near in list(self.lines) if self._lot.random() < share]
        for near in struck:
            self._strike(near, how)
        return len(struck)

    def _strike(self, near: Side, how: str) -> None:
        match how:
            case "cut":
                near.cut()
            case "reset":
                near.reset()
            case "break":
                side = self._lot.choice([near, near.other])
                if side is not None:
                    side.allowance = self._lot.randint(1, 2_000)
            case "half":
                side = self._lot.choice([near, near.other])
                if side is not None:
                    side.lose_silently()
                    asyncio.get_running_loop().call_later(HALF_OPEN_SECONDS, side.reset)
            case _:
                raise ValueError(how)


class Near(Side):
    """The side that somebody connected to."""

    def __init__(self, weather: Weather, lot: random.Random, route: Route) -> None:
        super().__init__(weather, lot)
        self._route = route

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._route.begin(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._route.forget_gone()


class Server:
    """All routes, and the commands about them."""

    def __init__(self, seed: int) -> None:
        self._routes: dict[str, Route] = {}
        self._lot = random.Random(seed)

    async def do(self, command: dict[str, Any]) -> dict[str, Any]:
        match command.pop("do"):
            case "route":
                route = self._routes[command["name"]] = Route(command["target"], self._lot)
                await route.listen(command["port"])
            case "weather":
                self._routes[command.pop("name")].change(**command)
            case "strike":
                return {"struck": self._routes[command["name"]].strike(command["how"], command["share"])}
        return {}

    async def run(self) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            answer = await self.do(json.loads(line))
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


class Network:
    """The proxy's process, commanded. Its answers come at once, so nobody waits asynchronously."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.proxy", str(self._seed)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(BrokenPipeError):
            self._process.communicate(timeout=10)

    def route(self, name: str, *, target: int, port: int) -> None:
        """From now on `port` leads to `target`."""
        self._ask(do="route", name=name, target=target, port=port)

    def weather(self, name: str, **weather: Any) -> None:
        """What the connections of a route meet from now on (`wire.Weather`)."""
        self._ask(do="weather", name=name, **weather)

    def strike(self, name: str, how: str, share: float = 1.0) -> int:
        """Does something to a share of a route's connections; how many that were."""
        return int(self._ask(do="strike", name=name, how=how, share=share)["struck"])

    def calm(self, name: str) -> None:
        """Fair weather again."""
        self.weather(name, delay=0.0, jitter=0.0, rate=0.0, stalled=False, refusing=False)

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


if __name__ == "__main__":
    asyncio.run(Server(int(sys.argv[1])).run())
