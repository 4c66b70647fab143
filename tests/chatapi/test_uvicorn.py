"""uvicorn as it comes, without a flag about logs: no token of a socket's address reaches them (S29)."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
QUERIES = [
    "Authorization=eyJtYXJrZXI.eyJtYXJrZXI.marker",
    "Authorization=Bearer%20marker-token",
    "%41uthorization=marker-token",
]


@pytest.fixture(params=["info", "trace"])
def server(request, tmp_path):
    """A running uvicorn: its port and its log."""
    port, log = free_port(), tmp_path / "log"
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    options = ["--port", str(port), "--log-level", request.param]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "chatapi.asgi:application", *options],
            cwd=ROOT, env=kept | {"DEBUG": "on", "DATA_DIR": str(tmp_path)}, stdout=file, stderr=file,
        )  # fmt: skip
    yield port, log
    process.terminate()
    process.wait(20)


def refused(port, query):
    """The code that a socket with this address is closed with."""
    deadline = time.monotonic() + 40
    while True:
        try:
            with connect(f"ws://127.0.0.1:{port}/ws/inbox/?{query}") as socket:
                socket.recv(timeout=20)
        except ConnectionClosed as closed:
            return closed.rcvd.code
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_no_token_in_the_log(server):
    port, log = server
    for query in QUERIES:
        assert refused(port, query) == 4401
    text = log.read_text()
    assert '"WebSocket /ws/inbox/" [accepted]' in text
    assert "marker" not in text
