"""`manage.py up`: one command, a server that says where it is, and a clean end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def environment(tmp_path):
    """Of somebody who has set nothing at all."""
    ours = ("DATABASE_URL", "REDIS_URL", "DEBUG", "DJANGO_SETTINGS_MODULE")
    return {name: value for name, value in os.environ.items() if name not in ours} | {"DATA_DIR": str(tmp_path)}


def up(environment, port, *options):
    return subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port), *options],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def get(port, path):
    deadline = time.monotonic() + 30
    while True:
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": "application/json"})
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_with_nothing_set_and_ends_cleanly(environment, port, ending):
    server = up(environment, port, "--demo")
    try:
        assert get(port, "/readyz/") == {"status": "ok"}
        assert get(port, "/dev/mail/") == {"results": []}
        assert len(get(port, "/api/v1/openapi.json")["paths"]) > 10
    finally:
        server.send_signal(ending)
        told, complaints = server.communicate(timeout=20)
    assert server.returncode == 0, complaints
    for page in ("", "swagger/", "redoc/", "asyncapi/", "dev/mail/"):
        assert f" http://127.0.0.1:{port}/{page}" in told
    assert "alice, bob, carol" in told
    assert "Traceback" not in complaints


def test_a_taken_port_is_named(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = up(environment, port)
        _, complaints = server.communicate(timeout=30)
    assert server.returncode == 1
    assert f"Port {port} is taken" in complaints
