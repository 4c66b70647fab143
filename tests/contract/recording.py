"""Every reply and every frame that any test sees is held against the documents; `tests/conftest.py` hooks this in.

Listens where all traffic of the tests passes: Django's test client, httpx, and both kinds of websockets' clients. It
changes nothing on the way: a test whose traffic was not as documented fails when it has ended.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings
from django.test import Client
from websockets.asyncio.client import ClientConnection as AsyncConnection
from websockets.sync.client import ClientConnection as SyncConnection

from tests.contract import documents

OWN_HOSTS = {"127.0.0.1", "localhost", "testserver"}
_one_at_a_time = threading.RLock()
"""Stories have threads, and the documents are made at their first use, in several steps."""


class Record:
    """What was checked, and what was found."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.checked: Counter[str] = Counter()
        self.seconds = 0.0

    def check(self, kind: str, function: Callable[..., None], *given: Any) -> None:
        began = time.perf_counter()
        try:
            with _one_at_a_time:
                function(*given)
        except documents.Violation as violation:
            self.violations.append(str(violation))
        self.checked[kind] += 1
        self.seconds += time.perf_counter() - began

    def take(self) -> list[str]:
        """The violations so far, which are then forgotten."""
        found, self.violations = self.violations, []
        return found


record = Record()


@contextmanager
def expected_violations() -> Iterator[list[str]]:
    """For tests of the check itself: what is found here fails nobody."""
    found: list[str] = []
    before = record.take()
    yield found
    found.extend(record.take())
    record.violations = before


# Where traffic passes


def _wrap(owner: type, name: str, listen: Callable[..., None]) -> None:
    """Calls `listen` with the object, the arguments and the result of every call."""
    original = getattr(owner, name)

    @wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        listen(self, args, result)
        return result

    setattr(owner, name, call)


def _wrap_async(owner: type, name: str, listen: Callable[..., None]) -> None:
    original = getattr(owner, name)

    @wraps(original)
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = await original(self, *args, **kwargs)
        listen(self, args, result)
        return result

    setattr(owner, name, call)


def _heard_django(_client: Any, _args: Any, reply: Any) -> None:
    if settings.ROOT_URLCONF == "chatapi.urls" and not reply.streaming:
        asked = reply.request
        given = asked["REQUEST_METHOD"], asked["PATH_INFO"], reply.status_code, reply.headers, reply.content
        record.check("replies", documents.check_reply, *given)


def _heard_httpx(_client: Any, _args: Any, reply: httpx.Response) -> None:
    url = reply.request.url
    if url.host in OWN_HOSTS and reply.is_closed:
        given = reply.request.method, url.path, reply.status_code, reply.headers, reply.content
        record.check("replies", documents.check_reply, *given)


def _contract_of(connection: Any) -> documents.SocketContract | None:
    """What holds on this connection; None where nothing is documented."""
    if "_contract" not in connection.__dict__:
        path = urlsplit(connection.request.path).path
        channel = "room" if path.startswith("/ws/chat/") else "inbox" if path.startswith("/ws/inbox") else None
        with _one_at_a_time:
            connection._contract = documents.SocketContract(channel) if channel else None
    contract: documents.SocketContract | None = connection._contract
    return contract


def _heard_frame(connection: Any, _args: Any, text: str | bytes) -> None:
    contract = _contract_of(connection)
    if contract is not None:
        record.check("frames", _check_frame, contract, text)


def _check_frame(contract: documents.SocketContract, text: str | bytes) -> None:
    if not isinstance(text, str):
        raise documents.Violation(f"A frame of bytes: {text[:200]!r}")
    contract.check_received(json.loads(text))


def _said_frame(connection: Any, args: Any, _result: None) -> None:
    contract = _contract_of(connection)
    if contract is not None and args and isinstance(args[0], str | bytes):
        contract.note_sent(args[0])


# pytest


def pytest_configure() -> None:
    if hasattr(Client.request, "__wrapped__"):
        return
    _wrap(Client, "request", _heard_django)
    _wrap(httpx.Client, "send", _heard_httpx)
    _wrap_async(httpx.AsyncClient, "send", _heard_httpx)
    _wrap(SyncConnection, "recv", _heard_frame)
    _wrap(SyncConnection, "send", _said_frame)
    _wrap_async(AsyncConnection, "recv", _heard_frame)
    _wrap_async(AsyncConnection, "send", _said_frame)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """A test is as good as what it saw; its own failure comes first."""
    yield
    _fail_if_any()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Threads and tasks of a story may hear something after its end."""
    yield
    _fail_if_any()


def _fail_if_any() -> None:
    found = record.take()
    if found:
        pytest.fail("\n\n".join(["Not as documented:", *dict.fromkeys(found)]), pytrace=False)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counted = ", ".join(f"{number} {kind}" for kind, number in sorted(record.checked.items()))
    if counted:
        terminalreporter.write_line(f"held against the documents: {counted}, in {record.seconds:.1f} s")
