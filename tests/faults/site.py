"""The system under test: every process of production, on ports of our own, with the proxy between all of them.

    clients -> proxy -> two socket processes, gunicorn -> proxy -> PostgreSQL, Redis
    a worker for jobs, as in production

The harness itself (preparing, reading the truth) goes past the proxy.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.end_to_end.site import ROOT, SOCKET_SERVERS, Process, Shell, Site
from tests.faults.ports import Ports
from tests.faults.proxy import Network
from tests.programs import postgres_program, redis_program
from tests.servers import PATIENCE, PostgresServer, RedisServer, running

SOCKETS = ("sockets-1", "sockets-2")
ROUTES = ("sockets-1", "sockets-2", "rest", "redis", "postgres")


class FaultSite(Site):
    """A site whose every process may be killed and whose every connection may be cut."""

    redis: RedisServer
    postgres: PostgresServer
    network: Network

    def __init__(self, folder: Path, servers: tuple[str, str], settings: Mapping[str, str], seed: int) -> None:
        super().__init__(folder, {"DJANGO_SETTINGS_MODULE": "tests.faults.inside.settings", **settings})
        self.servers = servers
        self._seed = seed
        self._proxied: dict[str, str] = {}
        self._mutant = ""

    def prepare(self) -> None:
        self._ports = self._cleanup.enter_context(Ports())
        self.postgres = PostgresServer(*postgres_program())
        self.redis = RedisServer(*redis_program())
        for server in (self.postgres, self.redis):
            server.port = self._ports.take()
            self._cleanup.enter_context(running(server))
        self.network = self._cleanup.enter_context(Network(self._seed))
        self.environment |= {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url}
        database = self.postgres.url.replace(
            f":{self.postgres.port}/", f":{self._route('postgres', self.postgres.port)}/"
        )
        redis = self.redis.url.replace(f":{self.redis.port}/", f":{self._route('redis', self.redis.port)}/")
        self._proxied = {"DATABASE_URL": database, "REDIS_URL": redis}
        manage = (sys.executable, str(ROOT / "manage.py"))
        subprocess.run([*manage, "migrate", "--verbosity", "0"], env=self.environment, check=True)
        self._add_processes(manage)

    def _add_processes(self, manage: tuple[str, str]) -> None:
        port = self._ports.take()
        self.rest = f"http://127.0.0.1:{self._route('rest', port)}"
        workers = ("--workers", "1", "--threads", "8", "--worker-tmp-dir", str(self.folder), "--no-control-socket")
        self.add("rest", sys.executable, "-m", "gunicorn", "chatapi.wsgi", "--bind", f"127.0.0.1:{port}", *workers)
        self.sockets = []
        self.behind: dict[str, str] = {"rest": f"http://127.0.0.1:{port}"}
        """By process: where it listens itself, past the proxy."""
        for name, server in zip(SOCKETS, self.servers, strict=True):
            port = self._ports.take()
            self.sockets.append(f"http://127.0.0.1:{self._route(name, port)}")
            self.behind[name] = f"http://127.0.0.1:{port}"
            self.add(name, sys.executable, "-m", *SOCKET_SERVERS[server](port))
        self.add("worker", *manage, "worker")

    def add(self, name: str, *command: str, **settings: str) -> None:
        """Each process is told its name, which faults inside of it go by."""
        super().add(
            name, *command, **self._proxied, FAULTS_FOLDER=str(self.folder / name), FAULTS_PROCESS=name, **settings
        )

    def _route(self, name: str, target: int) -> int:
        port = self._ports.take()
        self.network.route(name, target=target, port=port)
        return port

    # Processes

    def process(self, name: str) -> Process:
        """One of `rest`, `sockets-1`, `sockets-2`, `worker`."""
        return next(process for process in self.processes if process.name == name)

    def pid(self, name: str) -> int:
        """Of any process, servers of the system included."""
        match name:
            case "redis":
                return self.redis.pid
            case "postgres":
                return self.postgres.pid
            case _:
                return self.process(name).pid

    def kill(self, name: str) -> None:
        """kill -9; it may be dead already."""
        signal_to(self.process(name).pid, signal.SIGKILL)
        self.process(name).stop()

    def start(self, name: str) -> None:
        """Starts a process that was ended, as often as it takes, and returns when it serves.

        gunicorn gives up after some seconds while an orphan of its killed master still has the port: a service manager
        starts it again.
        """
        process, deadline = self.process(name), time.monotonic() + 2 * PATIENCE
        while True:
            process.stop()
            process.start()
            while process.is_running:
                if self._serves_by_itself(name):
                    return
                time.sleep(0.1)
            assert time.monotonic() < deadline, f"{name} does not come back"

    def _serves_by_itself(self, name: str) -> bool:
        """Whether it, and not an orphan of the one before, answers."""
        if name not in self.behind:
            return True
        return answers(f"{self.behind[name]}/healthz/") and (name != "rest" or bool(self.children("rest")))

    def become(self, mutant: str) -> None:
        """All of our processes anew, with a mutant or, where there is no name, without one."""
        if mutant == self._mutant:
            return
        self._mutant = mutant
        for process in self.processes:
            process.stop()
        for process in self.processes:
            process.change({"FAULTS_MUTANT": mutant})
            process.start()
        for url in self.behind.values():
            self._wait_for(f"{url}/healthz/")

    @contextlib.contextmanager
    def fresh_shell(self) -> Iterator[Shell]:
        """A shell with a connection of its own: an older one's may have been cut."""
        shell = Shell(self.environment)
        try:
            yield shell
        finally:
            shell.stop()

    def children(self, name: str) -> list[int]:
        """The ids of a process's children: gunicorn's workers, PostgreSQL's backends."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.pid(name))], capture_output=True, text=True, check=False
        )
        return [int(word) for word in listed.stdout.split()]

    def open_files(self, name: str) -> int:
        """How many a process has."""
        return len(list(Path("/proc", str(self.pid(name)), "fd").iterdir()))

    def memory(self, name: str) -> int:
        """Bytes that a process occupies."""
        lines = Path("/proc", str(self.pid(name)), "status").read_text().splitlines()
        return 1_024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    def closed_with(self, code: int) -> float:
        """How many sockets the socket processes have closed with this code."""
        name = f'chatapi_socket_closed_total{{code="{code}"}}'
        return sum(self.metric(self.behind[process], name) for process in SOCKETS)

    async def serves(self, name: str, within: float = PATIENCE) -> None:
        """Returns when the process answers at its own port."""
        deadline = time.monotonic() + within
        while not await asyncio.to_thread(answers, f"{self.behind[name]}/healthz/"):
            assert time.monotonic() < deadline, f"{name} does not come back"
            await asyncio.sleep(0.1)


def answers(url: str) -> bool:
    """Whether a server answers there, within a short time."""
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except OSError:
        return False
    return True


def signal_to(pid: int, number: signal.Signals) -> None:
    """A signal; a process that has gone meanwhile needs none."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def settings_of(**values: Any) -> dict[str, str]:
    """Settings as an environment has them."""
    return {name: str(value) for name, value in values.items()}
