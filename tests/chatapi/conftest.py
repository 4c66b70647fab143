"""A client for these stories."""

from typing import Any

import pytest
from django.test import Client


class Api(Client):
    """Sends text as JSON, exactly as written, and never raises what the server should have answered."""

    def __init__(self) -> None:
        super().__init__(raise_request_exception=False)

    def send(self, body: str | bytes, method: str = "POST", path: str = "/strict/", **headers: Any) -> Any:
        return self.generic(method, path, body, content_type="application/json", headers=headers or None)


@pytest.fixture
def api() -> Api:
    return Api()
