"""The client printed in the README keeps its side of the promise: its server is killed while two people write."""

import json
import shutil
import signal
import subprocess
import time
import urllib.request

import pytest
from django.conf import settings
from playwright.sync_api import sync_playwright

from tests.readme.pages import README, blocks, section

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
KILLS = 1
EACH = 60

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium of the system"),
    pytest.mark.skipif(bool(settings.REDIS_URL), reason="`up` is the same server in both modes"),
    pytest.mark.timeout(120),
]

WATCH = """([roomName, token]) => {
  window.seen = {};
  window.say = follow(roomName, async () => token, (frame) => {
    if (frame.type === "message.created") window.seen[frame.data.id] = frame.data;
  });
}"""
WRITE = """([name, times]) => {
  let number = 0;
  const timer = setInterval(() => { say(`${name} ${number++}`); if (number === times) clearInterval(timer); }, 80);
}"""
TEXTS = "() => Object.values(seen).sort((a, b) => a.seq - b.seq).map((message) => message.text)"


@pytest.fixture
def chat(up):
    """A room and the tokens of its two members, from the README's own commands."""
    story = "".join(blocks(section(README, "A first chat in five minutes"), "sh")).replace("localhost:8000", up.host)
    for printed, other in (("maya", "mara"), ("noah", "nils"), ("=noa", "=nil")):
        story = story.replace(printed, other)
    done = subprocess.run(
        ["bash", "-c", f"{story}\necho $nils"], capture_output=True, text=True, timeout=60, check=True
    )
    constants, nils = done.stdout.splitlines()[-2:]
    room, mara = constants.split("'")[1::2]
    return room, mara, nils


def history(up, room, token):
    """The texts of the room after the first message, oldest first."""
    request = urllib.request.Request(
        f"http://{up.host}/api/v1/conversations/{room}/messages/?after=1&limit=200",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return [message["text"] for message in json.load(answer)["results"]]


def test_nothing_is_lost_or_doubled(up, chat):
    room, *tokens = chat
    _, client = blocks(section(README, "Live"), "javascript")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        pages = [browser.new_page() for _ in tokens]
        for page, token in zip(pages, tokens, strict=True):
            page.goto(f"http://{up.host}/swagger/")
            page.evaluate(f"() => {{ {client.replace('localhost:8000', up.host)}; window.follow = follow; }}")
            page.evaluate(WATCH, [room, token])
        for page, name in zip(pages, ("mara", "nils"), strict=True):
            page.evaluate(WRITE, [name, EACH])
        for _ in range(KILLS):
            time.sleep(1)
            up.end(signal.SIGKILL)
            up.start()
        for page in pages:
            page.wait_for_function(f"() => Object.keys(seen).length >= {2 * EACH}", timeout=60_000)
        seen = [page.evaluate(TEXTS) for page in pages]
        browser.close()
    said = history(up, room, tokens[0])
    assert sorted(said) == sorted(f"{name} {number}" for name in ("mara", "nils") for number in range(EACH))
    assert seen == [said, said]
