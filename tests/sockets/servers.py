"""Server processes on the tests' own database, and what a test may ask about them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings
from django.db import connection

from tests.people import Person
from tests.runner import ROOT, end_with_parent
from tests.servers import free_port

PATIENCE = 60.0

HEARTBEAT = 1
AUTH_SECONDS = 1


class ServerProcess:
    """One process that serves REST and sockets."""

    def __init__(self, kind: str, folder: Path, **environment: str) -> None:
        self.kind = kind
        self.port = free_port()
        self.log_path = folder / f"{kind}-{self.port}.log"
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.sockets.serve", kind, str(self.port)],
                cwd=ROOT,
                env=os.environ | shared_environment() | environment,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - no threads need it
            )

    def wait_until_ready(self) -> "ServerProcess":
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return self
        raise RuntimeError(f"{self.kind} does not start:\n{self.log[-4_000:]}")

    def stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._process.send_signal(number)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                continue
            return

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def memory(self) -> int:
        """Bytes that the process occupies."""
        answer = subprocess.run(["ps", "-o", "rss=", "-p", str(self._process.pid)], capture_output=True, check=True)
        return 1_024 * int(answer.stdout)

    def state(self) -> dict[str, int]:
        """What the process holds: feeds, sockets, threads, files."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/state", trust_env=False)
        return dict(answer.json())

    def rest(self, person: Person) -> httpx.Client:
        """A client of this very process, over HTTP."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/api/v1/",
            headers={"Authorization": f"Bearer {person.tokens['access']}"},
            trust_env=False,
            timeout=20,
        )


def shared_environment() -> dict[str, str]:
    """What makes another process serve the database and accept the tokens of this one."""
    return {
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "TOKEN_KEYS": ",".join(settings.TOKEN_KEYS),
        "DEBUG": "1",
        "RATE_LIMITS": "off",
        "LIMIT_HEARTBEAT_SECONDS": str(HEARTBEAT),
        "LIMIT_AUTH_SECONDS": str(AUTH_SECONDS),
    }


def database_url() -> str:
    values: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(values['NAME']))}"
    login = f"{quote(values['USER'], safe='')}:{quote(values['PASSWORD'], safe='')}"
    return f"postgres://{login}@{values['HOST']}:{values['PORT']}/{quote(values['NAME'], safe='')}"
