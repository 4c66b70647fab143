"""The promise, seen on two screens: the network goes a hundred times, and nothing is lost, doubled or miscounted."""

import asyncio
import json
import random
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.browser.conftest import PHONE
from tests.browser.screens import NETWORK_NOISE, Screen, eventually
from tests.end_to_end.proxy import Proxy

CUTS = 100
SEED = 20260131
QUICK = {"backoff": {"min": 30, "max": 300}, "timing": {"answer": 2_000, "restAfter": 200}}

pytestmark = pytest.mark.timeout(180)


def test_a_hundred_cuts_change_nothing(window, site):
    with network_to(site.rest) as network:
        alice = impatient(window(tolerate=NETWORK_NOISE, base=network.url))
        bob = impatient(window(PHONE, tolerate=NETWORK_NOISE, base=network.url))
        alice.register(site, "Alice")
        alice.find(bob.register(site, "Bob"), "Bob")
        alice.say("Hello Bob")
        bob.row("Alice").click()
        bob.shows("Hello Bob")

        said = talk_through(network, random.Random(SEED), alice, bob)
        assert network.cuts == CUTS

        room = alice.page.evaluate("location.hash").removeprefix("#/room/")
        kept = stored(site.rest, alice, room)
        assert sorted(kept) == sorted(said)
        for speaker in ("a ", "b "):
            assert by(speaker, kept) == by(speaker, said)
        for screen in (alice, bob):
            assert screen.messages.all_inner_texts() == kept
            screen.page.reload()
            eventually(lambda screen=screen: screen.messages.count() > 50)
            assert screen.messages.all_inner_texts() == kept[-screen.messages.count() :]
            assert screen.page.locator(".rows .badge:visible").count() == 0


def talk_through(network: "Network", chance: random.Random, alice: Screen, bob: Screen) -> list[str]:
    """Both talk while the network goes again and again; what they said. At the end it stays."""
    said = ["Hello Bob"]
    for number in range(CUTS):
        name, speaker = chance.choice([("a", alice), ("b", bob)])
        text = f"{name} {number}"
        speaker.say(text)
        said.append(text)
        if number % 10 == 9:
            speaker.context.set_offline(True)
            network.cuts += 1
        else:
            network.strike()
        alice.page.wait_for_timeout(chance.uniform(20, 250))
        speaker.context.set_offline(False)
    for screen in (alice, bob):
        eventually(lambda screen=screen: screen.messages.count() == len(said), patience=30)
        screen.ticks_become("Read")
        eventually(lambda screen=screen: screen.page.title() == "Chat")
    return said


def by(speaker: str, texts: list[str]) -> list[str]:
    """What one of the two said, in order."""
    return [text for text in texts if text.startswith(speaker)]


def impatient(screen: Screen) -> Screen:
    """The page with shorter waits: its options are changed before its script reads them."""
    options = json.dumps(json.dumps({"mailbox": "/dev/mail/", "client": QUICK}))
    change = f"() => (document.querySelector('meta[name=chat-options]').content = {options})"
    screen.page.add_init_script(f"document.addEventListener('readystatechange', {change}, {{ once: true }})")
    return screen


def stored(base: str, screen: Screen, room: str) -> list[str]:
    """The room's texts as the server has them, oldest first."""
    texts: list[str] = []
    path = f"/api/v1/conversations/{room}/messages/?limit=200"
    request = urllib.request.Request(base + path, headers={"Authorization": f"Bearer {screen.token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        texts += [message["text"] for message in json.load(answer)["results"]]
    return texts[::-1]


class Network:
    """A proxy in front of the site, in a thread of its own, that can be told to strike."""

    def __init__(self, target: str) -> None:
        self.url = ""
        self.cuts = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def strike(self) -> None:
        """Cuts, resets, stalls or breaks every connection within a frame."""
        asyncio.run_coroutine_threadsafe(self._strike(), self._loop).result(5)
        self.cuts += 1

    async def _strike(self) -> None:
        self._proxy.strike()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        async with Proxy(self._target, SEED) as self._proxy:
            self.url = self._proxy.url
            self._up.set()
            await self._end.wait()

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)


@contextmanager
def network_to(target: str) -> Iterator[Network]:
    network = Network(target)
    network.start()
    try:
        yield network
    finally:
        network.stop()
