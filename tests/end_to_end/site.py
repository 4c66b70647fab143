"""A whole site in real processes on free loopback ports, in the shape of the mode the tests run in.

embedded      one process, as `manage.py up` runs it, on SQLite
production    a database of its own on the runner's PostgreSQL, a Redis of its own, two socket processes, gunicorn for
              REST, and a worker

Every process is on a leash (tests/leash.py) and ends with the tests, whatever happens. At the end their logs are read.
"""

import contextlib
import json
import logging
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import psycopg2

from tests import leash
from tests.servers import PATIENCE, Server, free_port, redis_server

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
MAIL = re.compile(r"^--- mail -+$.*?^-+$", re.MULTILINE | re.DOTALL)
"""In DEBUG a mail is shown on the terminal; that is its way, not a log."""
FAILED_REQUEST = re.compile(r"\b(GET|HEAD|POST|PUT|PATCH|DELETE) \S+ 5\d\d\b")

RECORD = re.compile(r"^(?=\d\d:\d\d:\d\d [A-Z]+ )", re.MULTILINE)
LAYER_IS_AWAY = "Unexpected exception in receive task"
"""How channels_redis says that Redis is away, with a traceback."""


class Process:
    """One process of a site."""

    def __init__(self, name: str, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        self.log = self.folder / "server.log"
        self.pid = 0
        self._line = [sys.executable, "-I", leash.__file__, str(self.folder), "", *command]
        self._environment = environment
        self._leash: subprocess.Popen[str] | None = None

    def start(self) -> None:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._leash = subprocess.Popen(self._line, env=self._environment, start_new_session=True, **pipes)
        assert self._leash.stdout is not None
        self.pid = int(self._leash.stdout.readline())

    @property
    def is_running(self) -> bool:
        """Whether it has not ended by itself, or by somebody's signal."""
        return self._leash is not None and self._leash.poll() is None

    def change(self, settings: Mapping[str, str]) -> None:
        """Another environment from the next start on."""
        self._environment = {**self._environment, **settings}

    def send(self, number: signal.Signals) -> None:
        """A signal to the process: SIGKILL is a crash, SIGSTOP a process that hangs."""
        os.kill(self.pid, number)

    def stop(self) -> None:
        """Ends it like a service manager does. Its log stays."""
        if self._leash is None:
            return
        if self._leash.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.send(signal.SIGTERM)
        try:
            self._leash.wait(10)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self._leash.wait(10)
        for pipe in (self._leash.stdin, self._leash.stdout):
            if pipe is not None:
                pipe.close()
        self._leash = None


class Shell:
    """A process inside the site's environment that does what would take clients too long (prepare.py)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.prepare"],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def call(self, function: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        began = time.monotonic()
        self._process.stdin.write(json.dumps([function, arguments]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        logger.info("%s took %.1f s", function, time.monotonic() - began)
        return answer

    def stop(self) -> None:
        self._process.communicate(timeout=10)


class Site:
    """A running site. `rest` is the API's base, `sockets` those of the socket processes."""

    rest: str
    sockets: list[str]
    redis: Server | None = None

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.processes: list[Process] = []
        self.secrets: set[str] = set()
        """Tokens and codes that must not appear in any log (S20, S29)."""
        self._cleanup = contextlib.ExitStack()
        steering = {"REDIS_URL", "DJANGO_SETTINGS_MODULE", "RATE_LIMITS"}
        kept = {name: value for name, value in os.environ.items() if name not in steering}
        self.environment = kept | {
            "DEBUG": "1",
            "DATA_DIR": str(folder / "data"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients" / "python")]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CHATAPI_NO_VENV": "1",
            "DJANGO_SETTINGS_MODULE": "chatapi.settings",
        }
        self.environment |= settings

    def __enter__(self) -> Self:
        with self._cleanup:
            self.prepare()
            for process in self.processes:
                self._cleanup.callback(process.stop)
                process.start()
            for url in {self.rest, *self.sockets}:
                self._wait_for(f"{url}/healthz/")
            self.shell = Shell(self.environment)
            self._cleanup.callback(self.shell.stop)
            self._cleanup = self._cleanup.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def prepare(self) -> None:
        """Decides on ports and processes, and makes what they need."""
        raise NotImplementedError

    def add(self, name: str, *command: str, **settings: str) -> None:
        self.processes.append(Process(name, list(command), self.folder, self.environment | settings))

    def complaints(self) -> list[str]:
        """What must not be in the logs: tracebacks, 5xx, tokens and codes (I15)."""
        found = []
        for process in self.processes:
            text = MAIL.sub("", process.log.read_text(errors="replace"))
            records = RECORD.split(text)
            found += [f"{process.name}: {record}" for record in records if is_complaint(record)]
            found += [f"{process.name} logs the secret {secret[:12]}..." for secret in self.secrets if secret in text]
        return found

    def mails(self, address: str) -> list[dict[str, str]]:
        """What was mailed to an address, newest first, as a developer reads it."""
        request = urllib.request.Request(f"{self.rest}/dev/mail/?to={address}", headers={"Accept": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            mails: list[dict[str, str]] = json.load(answer)["results"]
        return mails

    def metric(self, url: str, name: str) -> float:
        """A number that a process has counted."""
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))

    def _wait_for(self, url: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).close()
            except OSError as error:
                if time.monotonic() > deadline:
                    words = "\n".join(process.log.read_text()[-2000:] for process in self.processes)
                    raise RuntimeError(f"{url} does not answer: {error}\n{words}") from error
                time.sleep(0.05)
            else:
                return


class EmbeddedSite(Site):
    """`manage.py up`."""

    def prepare(self) -> None:
        port = free_port()
        self.rest = f"http://127.0.0.1:{port}"
        self.sockets = [self.rest]
        self.environment["DATABASE_URL"] = f"sqlite:///{self.folder / 'chat.sqlite3'}"
        self.add("up", sys.executable, str(ROOT / "manage.py"), "up", "--port", str(port))


class ProductionSite(Site):
    """The processes of the compose file, without the containers. `servers` are those of the socket processes."""

    def __init__(self, folder: Path, settings: Mapping[str, str], servers: tuple[str, str]) -> None:
        super().__init__(folder, settings)
        self.servers = servers

    def prepare(self) -> None:
        self.redis = self._cleanup.enter_context(redis_server())
        database = self._cleanup.enter_context(own_database(os.environ["DATABASE_URL"]))
        self.environment |= {"DATABASE_URL": database, "REDIS_URL": self.redis.url}
        manage = (sys.executable, str(ROOT / "manage.py"))
        subprocess.run([*manage, "migrate", "--verbosity", "0"], env=self.environment, check=True)
        rest, *ports = (free_port() for _ in range(3))
        self.rest = f"http://127.0.0.1:{rest}"
        self.sockets = [f"http://127.0.0.1:{port}" for port in ports]
        workers = ("--workers", "1", "--threads", "8", "--worker-tmp-dir", str(self.folder))
        self.add("rest", sys.executable, "-m", "gunicorn", "chatapi.wsgi", "--bind", f"127.0.0.1:{rest}", *workers)
        for number, (server, port) in enumerate(zip(self.servers, ports, strict=True), start=1):
            self.add(f"sockets-{number}", sys.executable, "-m", *SOCKET_SERVERS[server](port))
        self.add("worker", *manage, "worker")


def is_complaint(record: str) -> bool:
    if FAILED_REQUEST.search(record):
        return True
    return "Traceback" in record and LAYER_IS_AWAY not in record


def daphne(port: int) -> list[str]:
    alive = ["--ping-interval", "15", "--ping-timeout", "30", "--websocket_timeout", "-1"]
    return [
        "daphne",
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--verbosity",
        "0",
        *alive,
        "chatapi.asgi:application",
    ]


def uvicorn(port: int) -> list[str]:
    return ["uvicorn", "--host", "127.0.0.1", "--port", str(port), "--lifespan", "off", "chatapi.asgi:application"]


SOCKET_SERVERS = {"daphne": daphne, "uvicorn": uvicorn}


@contextlib.contextmanager
def own_database(server: str) -> Iterator[str]:
    """A new database on a running PostgreSQL, dropped at the end."""
    name = f"end_to_end_{secrets.token_hex(4)}"
    execute(server, f"CREATE DATABASE {name}")
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def execute(server: str, statement: str) -> None:
    connection = psycopg2.connect(server)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
