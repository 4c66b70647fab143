"""People for these stories, the mail they get, and time that can be moved."""

import datetime as dt
import re
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jwt.api_jwt
import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from chatapi import counters, worker
from chatapi.realtime.event import Event

API = "/api/v1/"
PASSWORD = "correct horse battery"


def run_jobs() -> None:
    """Does what is waiting in the real queue, with the real worker."""
    while worker.run_next_job():
        pass


def code_mailed_to(address: str) -> str:
    """The code in the newest mail to `address`."""
    run_jobs()
    texts = [str(message.body) for message in mail.outbox if address in message.to]
    return re.findall(r"\b\d{6}\b", texts[-1])[0]


def wrong(code: str) -> str:
    """Some other code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def in_parallel(times: int, function: Callable[[int], Any], threads: int = 20) -> list[Any]:
    """What `function` returns for 0, 1, 2..., called as much at once as threads allow."""
    barrier = threading.Barrier(min(times, threads))

    def call(number: int) -> Any:
        try:
            if number < barrier.parties:
                barrier.wait(timeout=10)
            return function(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(call, range(times)))


class Api(APIClient):
    """JSON in, JSON out, addresses relative to the API."""

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        return super().generic(method, path if path.startswith("/") else API + path, *args, **kwargs)

    def register(self, username: str, **changes: Any) -> Any:
        body = {"username": username, "email": f"{username}@example.org", "password": PASSWORD} | changes
        return self.post("accounts/register/", body, format="json")

    def log_in(self, login: str, password: str = PASSWORD) -> Any:
        return self.post("accounts/login/", {"login": login, "password": password}, format="json")

    def verify(self, challenge: str, code: str, **more: str) -> Any:
        return self.post("accounts/login/verify/", {"challenge": challenge, "code": code} | more, format="json")

    def resend(self, challenge: str) -> Any:
        return self.post("accounts/challenges/resend/", {"challenge": challenge}, format="json")

    def refresh(self, token: str) -> Any:
        return self.post("accounts/token/refresh/", {"refresh": token}, format="json")

    def patch_me(self, **changes: Any) -> Any:
        return self.patch("accounts/me/", changes, format="json")


def bearer(token: str) -> Api:
    """A client with this access token."""
    client = Api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@dataclass
class Person:
    """Somebody with an account and a session."""

    user: User
    tokens: dict[str, Any]

    @property
    def client(self) -> Api:
        return bearer(self.tokens["access"])

    @property
    def session(self) -> str:
        return str(self.tokens["session"])


def person(username: str, **changes: Any) -> Person:
    """Registers and logs in through the API."""
    api = Api()
    challenge = api.register(username, **changes).json()["challenge"]
    answer = api.verify(challenge, code_mailed_to(changes.get("email", f"{username}@example.org"))).json()
    return Person(User.objects.find(username), answer)


def another_device(someone: Person, device_name: str = "laptop") -> Person:
    """The same person, logged in once more."""
    api = Api()
    challenge = api.log_in(someone.user.username).json()["challenge"]
    answer = api.verify(challenge, code_mailed_to(someone.user.email), device_name=device_name).json()
    return Person(someone.user, answer)


class Clock:
    """Time that stands still and moves on demand."""

    def __init__(self) -> None:
        self.moment = timezone.now()

    def forward(self, **duration: float) -> None:
        self.moment += dt.timedelta(**duration)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    frozen = Clock()

    class FrozenDatetime(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return frozen.moment.astimezone(tz)

    monkeypatch.setattr(timezone, "now", lambda: frozen.moment)
    monkeypatch.setattr(jwt.api_jwt, "datetime", FrozenDatetime)
    return frozen


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: Any) -> None:
    """Threads need a SQLite file: a database in memory has one connection's locks for all of them."""
    database = connections.databases["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def quick_and_fresh(settings: Any) -> None:
    """A quick password hash, and rate limits that remember nothing of the test before."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.REDIS_PREFIX = f"test-{uuid.uuid4()}"
    counters.counter.cache_clear()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def alice(db: None) -> Person:
    return person("alice")


@pytest.fixture
def bob(db: None) -> Person:
    return person("bob")


@pytest.fixture
def mallory(db: None) -> Person:
    return person("mallory")


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What accounts told the sockets."""
    events: list[Event] = []
    monkeypatch.setattr("accounts.events.publish", events.extend)
    return events


@pytest.fixture
def closed_sessions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions whose sockets were told to close."""
    closed: list[str] = []

    def note(events: list[Event]) -> None:
        closed.extend(event.topic.removeprefix("session.") for event in events if event.close == 4401)

    monkeypatch.setattr("accounts.events.publish", note)
    return closed
