"""A client for these stories, and limits that remember nothing of the test before."""

import uuid
from typing import Any

import pytest
from django.test import Client

from chatapi import counters


class Api(Client):
    """Sends text as JSON, exactly as written, and never raises what the server should have answered."""

    def __init__(self) -> None:
        super().__init__(raise_request_exception=False)

    def send(self, body: str | bytes, method: str = "POST", path: str = "/strict/", **headers: Any) -> Any:
        return self.generic(method, path, body, content_type="application/json", headers=headers or None)


@pytest.fixture(autouse=True)
def fresh_limits(settings: Any) -> None:
    settings.REDIS_PREFIX = f"test-{uuid.uuid4()}"
    counters.counter.cache_clear()


@pytest.fixture
def api() -> Api:
    return Api()
