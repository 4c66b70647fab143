"""Real servers for the tests: `with postgres_server() as server: ... server.url`.

Each one is started in a folder of its own under the system's temporary folder, on a free loopback port, with a random
password, as an unprivileged user where we are root; and it ends with the process that asked for it, whatever happens
(leash.py). Which programs: programs.py.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import redis

from tests import leash
from tests.programs import (
    ServerError,
    make_folder,
    postgres_program,
    reachable_program,
    redis_program,
    unprivileged_user,
)

PATIENCE = 30.0
"""Seconds in which a server must answer after its start, or be gone after its end."""


class Server(ABC):
    """One server process, which fault tests may `kill()` and `start()` again on the same port and folder."""

    name: str

    def __init__(self, program: Path, source: str) -> None:
        self.user = unprivileged_user()
        self.folder = make_folder(self.user)
        self.program = reachable_program(program, self.folder, self.user)
        self.source = source
        self.port = free_port()
        self.password = secrets.token_urlsafe(24)
        self.version = ""
        self.pid = 0
        self._leash: subprocess.Popen[str] | None = None
        self._killed = False

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def prepare(self) -> None:
        """Make what the first start needs."""

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def ask_version(self) -> str:
        """Ask the running server, or raise one of the client's errors."""

    def start(self) -> None:
        """Start, and return when the server answers. A start that fails is repeated while there is patience."""
        self._killed = False
        deadline = time.monotonic() + PATIENCE
        while True:
            self._launch()
            if self._answers(deadline):
                return
            self._end()
            time.sleep(0.2)
            if time.monotonic() > deadline:
                words = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                raise ServerError(f"{self.name} ({self.program}) does not start. Its last words:\n{words}")

    def kill(self) -> None:
        """End it like a crash does. Data on disk stays; connections break."""
        if self._leash:
            os.kill(self.pid, signal.SIGKILL)
            self._leash.wait(PATIENCE)
            self._end()
            self._killed = True

    def stop(self) -> None:
        """End it in good order and remove its folder."""
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self) -> None:
        line = [sys.executable, "-I", leash.__file__, str(self.folder), self.user, *self.command()]
        self._leash = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        pid = self._leash.stdout.readline() if self._leash.stdout else ""
        if not pid:
            raise ServerError(f"{self.program} cannot be run")
        self.pid = int(pid)

    def _answers(self, deadline: float) -> bool:
        while time.monotonic() < deadline and self._leash and self._leash.poll() is None:
            try:
                self.version = self.ask_version()
            except (psycopg2.OperationalError, redis.RedisError):
                time.sleep(0.05)
            else:
                return True
        return False

    def _end(self) -> None:
        """Close the pipe that holds the leash, and wait until it has cleared up."""
        if self._leash:
            for pipe in (self._leash.stdin, self._leash.stdout):
                if pipe:
                    pipe.close()
            self._leash.wait(PATIENCE)
        self._leash = None


class PostgresServer(Server):
    name = "PostgreSQL"

    @property
    def url(self) -> str:
        return f"postgres://chat:{self.password}@127.0.0.1:{self.port}/postgres"

    def prepare(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        if self.user:
            shutil.chown(password_file, self.user)
        password_file.chmod(0o600)
        line = [str(self.program.with_name("initdb")), "-D", str(self.folder / "data"), "-U", "chat", "-E", "UTF8"]
        line += ["--locale=C", "--auth=scram-sha-256", f"--pwfile={password_file}"]
        made = subprocess.run(
            line, cwd=self.folder, capture_output=True, text=True, check=False, **leash.as_user(self.user)
        )
        password_file.unlink()
        if made.returncode:
            raise ServerError(f"initdb ({self.program.parent}) failed:\n{made.stdout}{made.stderr}")

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "dynamic_shared_memory_type": "mmap",  # in the folder: a killed server leaves nothing in /dev/shm
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.program), "-D", str(self.folder / "data"), *options]

    def ask_version(self) -> str:
        return postgres_version(self.url)

    def stop(self) -> None:
        if self._killed:
            self.start()  # a killed server left a shared memory segment, which only its next start takes back
        super().stop()


class RedisServer(Server):
    name = "Redis"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        config = self.folder / "redis.conf"
        config.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'dir {self.folder}\nsave ""\nappendonly no\n'
        )
        if self.user:
            shutil.chown(config, self.user)
        config.chmod(0o600)

    def command(self) -> list[str]:
        return [str(self.program), str(self.folder / "redis.conf")]

    def ask_version(self) -> str:
        return redis_version(self.url)


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A new, empty PostgreSQL of our own."""
    with running(PostgresServer(*postgres_program())) as server:
        yield server


@contextmanager
def redis_server() -> Iterator[Server]:
    """A new, empty Redis (or Valkey) of our own."""
    with running(RedisServer(*redis_program())) as server:
        yield server


@contextmanager
def running(server: Server) -> Iterator[Server]:
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        server.stop()


def postgres_version(url: str) -> str:
    connection = psycopg2.connect(url, connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return f"PostgreSQL {cursor.fetchone()[0]}"
    finally:
        connection.close()


def redis_version(url: str) -> str:
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        facts = client.info("server")
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
