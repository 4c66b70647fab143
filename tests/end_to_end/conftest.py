"""The sites of these stories. Each is started once, and at its end its logs are read."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.idlers import Idlers
from tests.end_to_end.site import EmbeddedSite, ProductionSite, Site

IS_PRODUCTION = os.environ.get("DATABASE_URL", "").startswith("postgres")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(180))  # starting a site included, on a busy machine
        if not IS_PRODUCTION and item.get_closest_marker("production"):
            item.add_marker(pytest.mark.skip(reason="needs the processes of production"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "production: needs several processes and Redis")


def running(folder: Path, servers: tuple[str, str] = ("daphne", "daphne"), **settings: str) -> Iterator[Site]:
    site = ProductionSite(folder, settings, servers) if IS_PRODUCTION else EmbeddedSite(folder, settings)
    with site:
        yield site
    complaints = site.complaints()
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="session")
def site(tmp_path_factory: Any) -> Iterator[Site]:
    """With the limits that everybody gets."""
    yield from running(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def quick_site(tmp_path_factory: Any) -> Iterator[Site]:
    """Without rate limits; where there are two socket processes, the second one is uvicorn."""
    yield from running(
        tmp_path_factory.mktemp("quick-site"),
        ("daphne", "uvicorn"),
        RATE_LIMITS="off",
        LIMIT_FRAMES_PER_SECOND="5000",
        LIMIT_FRAMES_BURST="20000",
    )


@pytest.fixture(scope="session", autouse=True)
def idlers(site: Site) -> Iterator[Idlers]:
    """Started before the first story, and looked at when most of the time has passed anyway."""
    idlers = Idlers(site)
    idlers.start()
    yield idlers
    idlers.wake()
