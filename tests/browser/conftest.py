"""The system's Chromium, a running site, and windows that must not complain."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.screens import Screen
from tests.browser.site import OneProcess
from tests.end_to_end.site import Site

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

Window = Callable[..., Screen]


@pytest.fixture(scope="session")
def site(tmp_path_factory: Any) -> Iterator[Site]:
    """`manage.py up`; its database is that of the mode the tests run in."""
    folder = tmp_path_factory.mktemp("browser-site")
    with OneProcess(folder, {"RATE_LIMITS": "off", "LIMIT_HEARTBEAT_SECONDS": "2", "CODE_RESEND_SECONDS": "2"}) as site:
        yield site
    assert not site.complaints(), "\n".join(site.complaints())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs a Chromium of the system")
    environment: Any = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, env=environment)
        yield browser
        browser.close()


@pytest.fixture
def window(browser: Browser, site: Site) -> Iterator[Window]:
    """Opens a window of somebody's own browser, or one more tab of another window's."""
    opened: list[Screen] = []

    def open_window(
        size: Any = DESKTOP, *, beside: Screen | None = None, tolerate: tuple[str, ...] = (), base: str = ""
    ) -> Screen:
        context = beside.context if beside else browser.new_context(viewport=size, reduced_motion="reduce")
        screen = Screen(context, base or site.rest, tolerate=tolerate)
        opened.append(screen)
        return screen

    yield open_window
    complaints = [complaint for screen in opened for complaint in screen.complaints]
    for context in {screen.context for screen in opened}:
        context.close()
    assert complaints == []
