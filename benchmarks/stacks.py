"""The stacks side by side: how each is started, and what a client asks it for."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PATIENCE = 30.0


class Unusable(Exception):
    """A measurement that must not be counted."""


@dataclass(slots=True)
class Seeded:
    """What a seed has made: a token per user, and the names of the rooms."""

    tokens: list[str]
    rooms: dict[str, str]


@dataclass(slots=True)
class Stack:
    """One configuration."""

    name: str
    title: str
    dialect: str
    folder: Path
    environment: dict[str, str]
    sockets: list[str]
    """The command of the socket server; `{port}` is filled in."""
    path: str
    """The address of a socket; `{token}` and `{room}` are filled in."""
    seed: Path
    rest: list[str] = field(default_factory=list)
    """The command of the REST server."""
    page: str = ""
    """The address of a page of history; `{room}` and `{before}` are filled in."""
    seeded: Seeded | None = None

    def made(self, plan: Mapping[str, object]) -> Seeded:
        """The rooms and people of this stack's database, made once."""
        if self.seeded is None:
            python = [sys.executable, str(self.seed)]
            done = subprocess.run(
                python, input=json.dumps(plan), cwd=self.folder, env=self.environment, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            if done.returncode:
                raise Unusable(f"{self.name} cannot be seeded:\n{done.stderr[-3_000:]}")
            self.seeded = Seeded(**json.loads(done.stdout))
        return self.seeded


@dataclass(slots=True)
class Running:
    """A server process."""

    pid: int
    port: int


@contextmanager
def running(command: Sequence[str], stack: Stack, log: Path) -> Iterator[Running]:
    """Starts a server on the app's core and a port that nobody has, and ends it."""
    port = free_port()
    refuse_taken(port)
    child = [sys.executable, "-I", str(HERE / "child.py"), str(machine.APP_CORE)]
    line = [*child, *(word.replace("{port}", str(port)) for word in command)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            line,
            cwd=stack.folder,
            env=stack.environment | {"PORT": str(port)},
            stdout=output,
            stderr=output,
        )
    try:
        wait_until_open(process, port, log)
        yield Running(process.pid, port)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """First politely."""
    for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        return


def free_port() -> int:
    """A port that the system says is free."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def refuse_taken(port: int) -> None:
    """Whoever answers there already would be measured in place of ours."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise Unusable(f"Port {port} is taken.")


def wait_until_open(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Returns when the server takes connections."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Unusable(f"The server does not start:\n{log.read_text(errors='replace')[-3_000:]}")


# The configurations


def project(name: str, source: Path, databases: Mapping[str, str], work: Path) -> Stack:
    """This project, in production mode with limits that a load run needs."""
    settings = {
        "DATABASE_URL": databases["project"],
        "REDIS_URL": databases["redis"],
        "SECRET_KEY": secrets_once("SECRET_KEY"),
        "TOKEN_KEYS": f"bench:{secrets_once('TOKEN_KEYS')}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATA_DIR": str(work),
        "ACCESS_TOKEN_SECONDS": "86400",
        "LIMIT_FRAMES_PER_SECOND": "1000000",
        "LIMIT_FRAMES_BURST": "1000000",
        "RATE_USER": "1000000000/minute",
        "DJANGO_SETTINGS_MODULE": "chatapi.settings",
    }
    python = [sys.executable, "-m"]
    alive = ["--ping-interval", "15", "--ping-timeout", "30", "--websocket_timeout", "-1", "--verbosity", "0"]
    commands = {
        "uvicorn": [
            "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning", "--no-access-log",
            "--lifespan", "off", "--ws-per-message-deflate", "false", "chatapi.asgi:application",
        ],
        "daphne": ["daphne", "--bind", "127.0.0.1", "--port", "{port}", *alive, "chatapi.asgi:application"],
    }  # fmt: skip
    return Stack(
        name,
        f"this project on {name}",
        "room",
        source,
        environment(settings, source),
        [*python, *commands[name]],
        "/ws/chat/{room}/?Authorization={token}",
        HERE / "seed.py",
        [*python, *gunicorn("chatapi.wsgi", work)],
        "/api/v1/conversations/{room}/messages/?limit=50&before={before}",
    )


def stock(databases: Mapping[str, str], work: Path) -> Stack:
    """The tutorial's chat on daphne and the core layer."""
    settings = {
        "DATABASE_URL": databases["stock"],
        "REDIS_URL": databases["redis"],
        "SECRET_KEY": secrets_once("SECRET_KEY"),
        "DJANGO_SETTINGS_MODULE": "settings",
    }
    python = [sys.executable, "-m"]
    return Stack(
        "stock",
        "stock Channels chat on daphne",
        "stock",
        HERE / "stock",
        environment(settings, HERE / "stock"),
        [*python, "daphne", "--bind", "127.0.0.1", "--port", "{port}", "--verbosity", "0", "asgi:application"],
        "/ws/chat/{room}/?token={token}",
        HERE / "stock" / "seed.py",
        [*python, *gunicorn("wsgi", work)],
        "/rooms/{room}/messages/?before={before}",
    )


def socketio(databases: Mapping[str, str], work: Path) -> Stack:
    """The node peer; its rows are those of the stock chat. Raises Unusable without node."""
    folder = node_folder()
    settings = {
        "DATABASE_URL": databases["socketio"],
        "REDIS_URL": databases["redis"],
        "SECRET_KEY": secrets_once("SECRET_KEY"),
        "DJANGO_SETTINGS_MODULE": "settings",
        "NODE_ENV": "production",
    }
    return Stack(
        "socketio",
        "Socket.IO on node",
        "socketio",
        folder,
        environment(settings, HERE / "stock"),
        ["node", "server.mjs"],
        "/socket.io/?EIO=4&transport=websocket&token={token}&room={room}",
        HERE / "stock" / "seed.py",
    )


def node_folder() -> Path:
    """The node server with its packages, installed once, outside of the tree."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise Unusable("node or npm is not here, so Socket.IO is left out.")
    folder = ROOT / ".venv" / "benchmarks" / "socketio"
    folder.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "socketio" / "package-lock.json").read_text()
    installed = folder / "package-lock.json"
    fresh = installed.is_file() and installed.read_text() == lock and (folder / "installed").is_file()
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copy(HERE / "socketio" / name, folder / name)
    if not fresh:
        line = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unusable(f"npm ci failed, so Socket.IO is left out:\n{done.stderr[-1_000:]}")
        (folder / "installed").touch()
    return folder


def gunicorn(module: str, work: Path) -> list[str]:
    """One worker with threads, as both Django stacks are served."""
    bind = ["--bind", "127.0.0.1:{port}", "--workers", "1", "--threads", "4", "--log-level", "warning"]
    return ["gunicorn", module, *bind, "--worker-tmp-dir", str(work)]


def environment(settings: Mapping[str, str], source: Path) -> dict[str, str]:
    """The variables of a server: ours and those that any program needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    python = os.pathsep.join([str(source), *filter(None, [os.environ.get("BENCHMARK_PYTHONPATH")])])
    fixed = {"PYTHONPATH": python, "PYTHONPYCACHEPREFIX": str(ROOT / ".venv" / "bytecode"), "CHATAPI_NO_VENV": "1"}
    return kept | fixed | settings


_secrets: dict[str, str] = {}


def secrets_once(name: str) -> str:
    """A secret of this run."""
    return _secrets.setdefault(name, secrets.token_urlsafe(48))


def fetch(url: str, token: str) -> Any:
    """A JSON answer."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
