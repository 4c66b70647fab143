"""What a person sees and does: a browser's window with the chat page, driven by its labels alone."""

import itertools
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Locator, expect

from tests.end_to_end.site import Site

PASSWORD = "a long walk by the sea"
PATIENCE = 10.0
NETWORK_NOISE = ("net::ERR_", "WebSocket connection to")
"""What Chromium itself writes to the console when a connection breaks."""

_numbers = itertools.count(1)


class Screen:
    """One window, with everything it complained about or asked of other servers."""

    def __init__(self, context: BrowserContext, base: str, *, tolerate: tuple[str, ...] = ()) -> None:
        self.base = base
        self.context = context
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.tolerated = tolerate
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(f"{error}\n{error.stack}"))
        self.page.on("request", lambda request: self._follow(request.url))
        self.page.on("websocket", lambda socket: self._follow(socket.url))

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(words in text for words in self.tolerated):
            self.complaints.append(text)

    def _follow(self, url: str) -> None:
        self.requests.append(url)
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != urlsplit(self.base).netloc:
            self.complaints.append(f"asks {url}")

    # Signing in

    def open(self, fragment: str = "") -> "Screen":
        self.page.goto(f"{self.base}/{fragment}")
        return self

    def register(self, site: Site, name: str) -> str:
        """A new account, up to the list of chats; its username."""
        username = f"{name.lower()}{next(_numbers)}"
        page = self.open().page
        page.get_by_role("button", name="Create an account").click()
        page.get_by_label("Your name").fill(name)
        page.get_by_label("Username").fill(username)
        page.get_by_label("Email").fill(f"{username}@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()
        self.enter_code(site, username)
        return username

    def log_in(self, site: Site, username: str) -> None:
        known = len(site.mails(f"{username}@example.org"))
        page = self.page
        page.get_by_label("Email or username").fill(username)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        self.enter_code(site, username, after=known)

    def enter_code(self, site: Site, username: str, after: int = 0) -> None:
        self.page.get_by_role("heading", name="Check your mail").wait_for()
        self.page.get_by_label("Code").press_sequentially(code_for(site, username, after))
        self.page.get_by_role("heading", name="Chats", exact=True).wait_for()
        self.page.get_by_label("Search chats and people").wait_for()

    # The list

    def row(self, title: str) -> Locator:
        return self.page.get_by_label("Chats", exact=True).get_by_role("link", name=title)

    def badge(self, title: str) -> Locator:
        return self.row(title).locator(".badge")

    def find(self, username: str, name: str) -> None:
        """Opens the chat with somebody who was found by username."""
        self.page.get_by_label("Search chats and people").fill(username)
        self.page.get_by_role("button", name=name).click()
        self.title.wait_for()

    def menu(self, entry: str) -> None:
        """Chooses from the open chat's menu."""
        self.page.get_by_role("button", name="Chat menu").click()
        self.page.get_by_role("menuitem", name=entry).click()

    # A chat

    @property
    def title(self) -> Locator:
        return self.page.locator(".room-title h1")

    @property
    def box(self) -> Locator:
        return self.page.get_by_label("Write a message")

    @property
    def messages(self) -> Locator:
        return self.page.locator(".messages .text")

    @property
    def ticks(self) -> Locator:
        """Those of one's own messages."""
        return self.page.locator(".messages .own .tick")

    @property
    def states(self) -> set[str | None]:
        """How far one's own messages have come."""
        return set(self.ticks.evaluate_all("ticks => ticks.map(tick => tick.getAttribute('aria-label'))"))

    def say(self, text: str) -> None:
        self.box.fill(text)
        self.page.get_by_role("button", name="Send", exact=True).click()

    def shows(self, *texts: str) -> None:
        """Exactly these messages, in this order."""
        expect(self.messages).to_have_text(list(texts), timeout=PATIENCE * 1000)

    def ticks_become(self, state: str) -> None:
        """All of them."""
        eventually(lambda: self.states == {state})

    def text_is(self, locator: Locator, text: str | re.Pattern[str]) -> None:
        expect(locator).to_have_text(text, timeout=PATIENCE * 1000)

    @property
    def token(self) -> str:
        pair = self.page.evaluate("localStorage.getItem('chatclient.session')")
        return str(json.loads(pair)["access"])


def code_for(site: Site, username: str, after: int = 0) -> str:
    """The code in the newest mail to somebody, once there are more than `after` mails."""
    address = f"{username}@example.org"
    eventually(lambda: len(site.mails(address)) > after)
    found = re.search(r"\b\d{6}\b", site.mails(address)[0]["text"])
    assert found
    return found.group()


def eventually(holds: Any, patience: float = PATIENCE) -> None:
    """Waits until `holds()`; its page's events go on meanwhile."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.05)
