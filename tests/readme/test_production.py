"""The README's way to production: its commands start real servers, which keep tokens out of what they log."""

import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.readme.pages import README, ROOT, blocks, section
from tests.servers import free_port

pytestmark = [
    pytest.mark.skipif(not settings.REDIS_URL, reason="needs PostgreSQL and Redis"),
    pytest.mark.timeout(120),
]

MARKER = "token-that-belongs-in-no-log"


@pytest.fixture
def database_url():
    """An empty database on the tests' own server."""
    url, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    name = f"readme_{uuid.uuid4().hex}"
    server = psycopg2.connect(os.environ["DATABASE_URL"])
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield f"{url}/{name}"
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


@pytest.fixture
def environment(database_url):
    """What the printed exports set, with the two servers of the tests; and nothing of the tests' own settings."""
    exports = blocks(section(README, "To production"), "sh")[0]
    exports = exports.replace("postgres://chat:secret@db.example.org:5432/chat", database_url)
    exports = exports.replace("redis://:secret@redis.example.org:6379/0", os.environ["REDIS_URL"])
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    kept["CHATAPI_NO_VENV"] = "1"
    told = subprocess.run(["bash", "-c", f"{exports}\nenv -0"], env=kept, capture_output=True, text=True, check=True)
    return dict(entry.split("=", 1) for entry in told.stdout.split("\0") if entry)


def commands() -> list[list[str]]:
    """The printed commands, run by the Python that runs the tests."""
    text = "".join(blocks(section(README, "To production"), "sh")[1:])
    lines = [shlex.split(line) for line in text.splitlines() if not line.startswith("#")]
    here = str(Path(sys.executable).parent)
    return [
        [sys.executable if word == "python3" else word.replace(".venv/bin", here) for word in line] for line in lines
    ]


def get(port, path, process):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": "chat.example.org"})
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_the_printed_commands_serve(environment, tmp_path):
    migrate, gunicorn, daphne, worker, uvicorn = commands()
    subprocess.run(migrate, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60)
    ports = {name: free_port() for name in ("gunicorn", "daphne", "uvicorn")}
    started = {}
    for name, command in (("gunicorn", gunicorn), ("daphne", daphne), ("worker", worker), ("uvicorn", uvicorn)):
        words = [word.replace("8001", str(ports.get(name))).replace("8002", str(ports.get(name))) for word in command]
        with (tmp_path / name).open("wb") as log:
            started[name] = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        for name, port in ports.items():
            assert get(port, "/readyz/", started[name]) == 200
        assert get(ports["gunicorn"], "/swagger/", started["gunicorn"]) == 200
        for name in ("daphne", "uvicorn"):
            assert refused(ports[name]) == 4401
        assert started["worker"].poll() is None
    finally:
        for process in started.values():
            process.send_signal(signal.SIGTERM)
        for process in started.values():
            process.wait(20)
    logs = {name: (tmp_path / name).read_text() for name in started}
    assert [name for name, log in logs.items() if MARKER in log] == []
    assert [name for name, log in logs.items() if "Traceback" in log] == []


def refused(port: int) -> int | None:
    """The code that a socket with a wrong token in its address is closed with."""
    with connect(f"ws://127.0.0.1:{port}/ws/inbox/?Authorization={MARKER}") as socket:
        try:
            socket.recv(timeout=10)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
    return None
