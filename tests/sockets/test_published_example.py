"""The published JavaScript example in a real browser, word for word but for scheme and host (docs/sockets.md)."""

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.models import Session
from accounts.tokens import LEEWAY_SECONDS, pair_of
from tests.people import room_between
from tests.sockets.conftest import Running
from tests.sockets.servers import ServerProcess

SERVERS = ("daphne",)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PUBLISHED = """
const socket = new WebSocket(`wss://multimedianow.xyz/ws/chat/${roomName}/?Authorization=${jwtToken}`);

socket.onopen = (event) => {
  console.log("WebSocket connection opened:", event);
};

socket.onmessage = (event) => {
  const message = JSON.parse(event.data);
  console.log("Received message:", message);
};

socket.onclose = (event) => {
  console.log("WebSocket connection closed:", event);
};
"""


class Site(BaseHTTPRequestHandler):
    """An empty page of another origin."""

    def do_GET(self) -> None:
        body = b"<!doctype html><link rel=icon href=data:,><title>A site</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a page on another port, so of another origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module", autouse=True)
def database_beside_a_loop() -> Iterator[None]:
    """playwright keeps an event loop in this thread, which Django would take for an asynchronous caller."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(scope="module")
def browser(database_beside_a_loop: None) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.fail("No Chromium here: these tests need the system's chromium or google-chrome on the PATH.")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


class Console:
    """A page that runs the example, and what it printed: words and the thing itself."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.lines: list[tuple[str, Any]] = []
        page.on("console", lambda line: self.lines.append((line.args[0].json_value(), line.args[1])))

    def run(self, port: int, room: str, token: str) -> None:
        example = PUBLISHED.replace("wss://multimedianow.xyz", f"ws://127.0.0.1:{port}")
        self.page.evaluate(
            f"([roomName, jwtToken]) => {{ {example}; window.socket = socket; }}",
            [room, token],
        )

    def wait(self, words: str, number: int = 1, seconds: float = 10) -> list[Any]:
        """The things printed after these words, once there are so many."""
        deadline = time.monotonic() + seconds
        while len(found := [thing for said, thing in self.lines if said == words]) < number:
            assert time.monotonic() < deadline, [said for said, _ in self.lines]
            self.page.wait_for_timeout(20)
        return found

    def messages(self, number: int) -> list[dict[str, Any]]:
        return [thing.json_value() for thing in self.wait("Received message:", number)]

    def texts(self) -> list[str]:
        frames = [thing.json_value() for said, thing in self.lines if said == "Received message:"]
        return [frame["data"]["text"] for frame in frames if frame["type"] == "message.created"]

    def wait_for_text(self, text: str) -> None:
        deadline = time.monotonic() + 10
        while text not in self.texts():
            assert time.monotonic() < deadline, self.texts()
            self.page.wait_for_timeout(20)

    @property
    def code(self) -> int:
        (event,) = self.wait("WebSocket connection closed:")
        return int(event.evaluate("event => event.code"))


@pytest.fixture
def console(browser: Browser, site: str) -> Iterator[Console]:
    page = browser.new_page()
    page.goto(site)
    yield Console(page)
    page.close()


@pytest.fixture
def room(alice, bob) -> str:
    return room_between(alice, bob)


def test_it_opens_receives_and_sends(console, server, enter, room, alice, bob):
    console.run(server.port, room, alice.tokens["access"])
    console.wait("WebSocket connection opened:")
    hello, ready = console.messages(2)
    assert (hello["type"], ready["type"]) == ("hello", "ready")
    assert hello["data"]["user"]["username"] == "alice"
    theirs = enter(bob, room)
    theirs.send_message("hello from Bob")
    console.wait_for_text("hello from Bob")
    console.page.evaluate("socket.send(JSON.stringify({sender: 'alice', recipient: 'bob', message: 'hello Bob'}))")
    received = theirs.next("message.created", "message.created")
    while received["data"]["text"] != "hello Bob":
        received = theirs.next("message.created")
    assert received["data"]["sender"]["username"] == "alice"
    console.wait_for_text("hello Bob")


def test_it_goes_on_receiving_after_its_token_has_run_out(console, server, enter, dial, settings, room, alice, bob):
    """No client frame is ever required: the page sends nothing, for more than twice the life of its token."""
    settings.ACCESS_TOKEN_SECONDS = 2
    session = Session.objects.get(pk=alice.session)
    session.rotated_at = timezone.now() - timedelta(seconds=LEEWAY_SECONDS)  # clocks may differ: not this time
    token = pair_of(session).access
    started = time.monotonic()
    console.run(server.port, room, token)
    console.messages(2)
    console.page.wait_for_timeout(2 * 1_000 * settings.ACCESS_TOKEN_SECONDS + 500)
    assert dial(room, token=token).code() == 4401, "the token still opens sockets"
    enter(bob, room).send_message("still there?")
    console.wait_for_text("still there?")
    assert time.monotonic() - started > 2 * settings.ACCESS_TOKEN_SECONDS


def test_the_page_can_read_why_it_was_closed(console, server, room, alice, mallory):
    console.run(server.port, room, "not.a.token")
    assert console.code == 4401
    console.lines.clear()
    console.run(server.port, room, mallory.tokens["access"])
    assert console.code == 4404
    console.lines.clear()
    console.run(server.port, "no-such-room-anywhere-at-all", alice.tokens["access"])
    assert console.code == 4404


@pytest.fixture(scope="module")
def listing(running: Running, site: str) -> ServerProcess:
    """No DEBUG, and the page's origin in the list."""
    return running(DEBUG="0", RATE_LIMITS="on", ALLOWED_HOSTS="127.0.0.1", CORS_ORIGINS=site).wait_until_ready()


def test_a_page_of_a_listed_origin_is_let_in(console, listing, room, alice):
    console.run(listing.port, room, alice.tokens["access"])
    assert console.messages(1)[0]["type"] == "hello"


def test_a_page_of_a_foreign_origin_reads_4410(console, listing, site, room, alice):
    console.page.goto(site.replace("localhost", "127.0.0.1"))  # the same page, but not the same origin
    console.run(listing.port, room, alice.tokens["access"])
    assert console.code == 4410
