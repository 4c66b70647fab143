"""What all stories share: a database for threads, fresh limits, and the people."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from chatapi import counters, database
from chatapi.realtime.bus import Bus
from conversations.epoch import forget_epoch
from tests.contract.recording import (  # noqa: F401 - hooks of pytest
    pytest_configure,
    pytest_runtest_call,
    pytest_runtest_teardown,
    pytest_terminal_summary,
)
from tests.people import Api, Person, Published, person


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: Any) -> None:
    """Threads need a SQLite file: a database in memory has one connection's locks for all of them."""
    settings = connections.databases["default"]
    if settings["ENGINE"].endswith("sqlite3"):
        settings.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def quick_and_fresh(settings: Any) -> None:
    """A quick password hash; limits and an epoch that remember nothing of the test before."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.REDIS_PREFIX = f"test-{uuid.uuid4()}"
    counters.counter.cache_clear()
    forget_epoch()


@pytest.fixture(autouse=True)
def closed_socket_threads(_django_db_marker: None) -> Iterator[None]:
    """Sockets work on threads with connections of their own, which must be gone before the database is."""
    yield
    if database._threads.cache_info().currsize:
        database.close_connections()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    """What the bus was given to deliver."""
    record = Published()
    monkeypatch.setattr(Bus, "send", lambda _, events: record.take(events))
    return record


@pytest.fixture
def api() -> Api:
    """A client of nobody."""
    return Api()


@pytest.fixture
def alice(db: None) -> Person:
    return person("alice")


@pytest.fixture
def bob(db: None) -> Person:
    return person("bob")


@pytest.fixture
def carol(db: None) -> Person:
    return person("carol")


@pytest.fixture
def mallory(db: None) -> Person:
    """The outsider: logged in, and in nobody's room."""
    return person("mallory")
