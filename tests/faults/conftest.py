"""One site for all of Stage A. It needs servers that may be killed, so SQLite's mode has none of it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.site import FaultSite, settings_of
from tests.programs import ServerError, postgres_program, redis_program

SETTINGS = settings_of(LIMIT_HEARTBEAT_SECONDS=5)
"""A short heartbeat: what only it finds does not hold up the tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent not in item.path.parents or "fault_site" not in getattr(item, "fixturenames", ()):
            continue
        item.add_marker(pytest.mark.timeout(300))
        if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL, Redis and several processes to kill"))


@pytest.fixture(scope="session")
def fault_site(tmp_path_factory: Any) -> Iterator[FaultSite]:
    try:
        postgres_program(), redis_program()
    except ServerError as error:  # the tests run on servers of somebody else, which nobody may kill
        pytest.skip(str(error))
    with FaultSite(tmp_path_factory.mktemp("faults"), ("daphne", "uvicorn"), SETTINGS, seed=1) as site:
        yield site
