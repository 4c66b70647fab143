"""The chat page, as people use it: two browsers, two tabs, a lost network, a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.screens import NETWORK_NOISE, eventually

pytestmark = pytest.mark.timeout(180)

REFUSED = ("the server responded with a status of 4",)
"""Chromium writes a line for every refusal; the page has said it at the field."""


@pytest.fixture
def alice(window, site):
    """Signed in, at a desk."""
    screen = window(tolerate=NETWORK_NOISE)
    screen.username = screen.register(site, "Alice")
    return screen


@pytest.fixture
def bob(window, site):
    """Signed in, on a phone."""
    screen = window(PHONE, tolerate=NETWORK_NOISE)
    screen.username = screen.register(site, "Bob")
    return screen


@pytest.fixture
def talk(alice, bob):
    """Alice has written to Bob, who has the chat open."""
    alice.find(bob.username, "Bob")
    alice.say("Hello Bob")
    bob.row("Alice").click()
    bob.shows("Hello Bob")


def test_two_people_find_each_other_and_talk(alice, bob):
    expect(alice.page.get_by_text("No chats yet")).to_be_visible()
    alice.find(bob.username, "Bob")
    expect(alice.page.get_by_text("This is the beginning of your chat with Bob.")).to_be_visible()
    alice.say("Hello <b>Bob</b> & co")
    alice.ticks_become("Delivered")
    bob.text_is(bob.badge("Alice"), "1")
    eventually(lambda: bob.page.title() == "(1) Chat")

    bob.row("Alice").click()
    bob.shows("Hello <b>Bob</b> & co")
    alice.ticks_become("Read")
    eventually(lambda: bob.page.title() == "Chat")
    expect(bob.page.locator("#announcer")).to_contain_text("Alice: Hello")

    bob.box.press_sequentially("Hi", delay=20)
    alice.text_is(alice.page.locator(".subtitle"), "typing…")
    alice.text_is(alice.row("Bob").locator(".row-text"), "typing…")
    bob.page.get_by_role("button", name="Send", exact=True).click()
    alice.shows("Hello <b>Bob</b> & co", "Hi")
    alice.text_is(alice.page.locator(".subtitle"), f"@{bob.username}")
    bob.ticks_become("Read")


def test_a_refusal_is_said_where_it_belongs(window, site):
    screen = window(tolerate=REFUSED)
    page = screen.open().page
    page.get_by_label("Email or username").fill("nobody")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).not_to_be_empty()

    page.get_by_role("button", name="Create an account").click()
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("Username")).to_have_accessible_description(re.compile("This is needed"))
    page.get_by_label("Username").fill("x y")
    page.get_by_label("Email").fill("carol@example.org")
    page.get_by_label("Password", exact=True).fill("12345678")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("Username")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Username")).to_be_focused()
    page.get_by_label("Username").fill("carol")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("Password", exact=True)).to_have_accessible_description(re.compile("common"))

    page.get_by_label("Password", exact=True).fill("a long walk by the sea")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("link", name="its mailbox")).to_have_attribute("href", "/dev/mail/")
    page.get_by_label("Code").press_sequentially("000000")
    expect(page.get_by_label("Code")).to_have_accessible_description(re.compile("not the code"))
    page.reload()
    again = page.get_by_role("button", name=re.compile("Send again"))
    expect(again).to_be_enabled(timeout=5_000)
    again.click()
    screen.enter_code(site, "carol", after=1)


def test_what_was_missed_while_offline_comes_back(alice, bob, talk):
    bob.context.set_offline(True)
    expect(bob.page.get_by_text("You are offline")).to_be_attached()
    for number in range(3):
        alice.say(f"news {number}")
    bob.say("from the tunnel")
    bob.text_is(bob.messages.last, "from the tunnel")
    assert bob.ticks.last.get_attribute("aria-label") == "Waiting"
    bob.context.set_offline(False)
    alice.shows("Hello Bob", "news 0", "news 1", "news 2", "from the tunnel")
    bob.shows("Hello Bob", "news 0", "news 1", "news 2", "from the tunnel")
    alice.ticks_become("Read")
    bob.ticks_become("Read")


def test_a_reload_keeps_session_chat_and_history(alice, bob, talk):
    bob.say("Hello Alice")
    alice.shows("Hello Bob", "Hello Alice")
    alice.page.reload()
    alice.shows("Hello Bob", "Hello Alice")
    expect(alice.title).to_have_text("Bob")


def test_two_tabs_stay_in_step(alice, bob, talk, window):
    tab = window(beside=alice, tolerate=NETWORK_NOISE).open()
    bob.say("one")
    tab.row("Bob").click()
    tab.shows("Hello Bob", "one")
    tab.say("two")
    alice.shows("Hello Bob", "one", "two")
    bob.shows("Hello Bob", "one", "two")
    tab.page.get_by_role("link", name="Your profile").click()
    tab.page.get_by_label("Your name").fill("Alice A.")
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.page.get_by_text("Saved.")).to_be_visible()
    tab.page.get_by_role("link", name="Back to chats").first.click()
    tab.page.get_by_role("button", name="Menu", exact=True).click()
    tab.page.get_by_role("menuitem", name="Log out").click()
    for screen in (tab, alice):
        screen.tolerated += REFUSED  # what one tab asks while the other logs out
    tab.page.get_by_role("dialog").get_by_role("button", name="Log out").click()
    for screen in (tab, alice):
        expect(screen.page.get_by_role("heading", name="Welcome back")).to_be_visible()


def test_the_menu_of_a_chat(alice, bob, talk):
    alice.menu("Pin chat")
    expect(alice.row("Bob").get_by_label("Pinned")).to_be_visible()
    alice.menu("Mute")
    alice.page.get_by_role("button", name="Always").click()
    expect(alice.row("Bob").get_by_label("Muted")).to_be_visible()
    alice.menu("Mark as unread")
    expect(alice.row("Bob").get_by_label("Marked as unread")).to_be_visible()
    bob.say("psst")
    alice.text_is(alice.badge("Bob"), "1")
    assert alice.page.title() == "Chat"

    alice.row("Bob").click()
    alice.shows("Hello Bob", "psst")
    alice.menu("Archive chat")
    expect(alice.row("Bob")).to_have_count(0)
    alice.page.get_by_role("link", name="Archived").click()
    alice.page.get_by_label("Archived chats").get_by_role("link", name="Bob").click()
    alice.menu("Unarchive chat")
    alice.menu("Clear chat")
    alice.page.get_by_role("button", name="Clear", exact=True).click()
    expect(alice.row("Bob")).to_have_count(0)  # out of the list until the next message
    bob.shows("Hello Bob", "psst")
    bob.say("again")
    alice.row("Bob").click()
    alice.shows("again")


def test_a_session_is_ended_from_another_device(alice, window, site):
    other = window(PHONE, tolerate=REFUSED).open()
    other.log_in(site, alice.username)
    alice.page.get_by_role("button", name="Menu", exact=True).click()
    alice.page.get_by_role("menuitem", name="Devices").click()
    expect(alice.page.get_by_text("This device")).to_be_visible()
    alice.page.get_by_role("button", name=re.compile("^Log out")).click()
    alice.page.get_by_role("dialog").get_by_role("button", name="Log out").click()
    expect(other.page.get_by_text("You were logged out on this device.")).to_be_visible()
    expect(alice.page.get_by_role("button", name=re.compile("^Log out"))).to_have_count(0)


def test_the_keyboard_is_enough(alice, bob, talk):
    page = alice.page
    alice.box.focus()
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    bob.shows("Hello Bob", "first line\nsecond line")
    page.get_by_role("button", name="Chat menu").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Pin chat")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Clear chat")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Chat menu")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Your chats")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_long_chat_is_shown_in_a_window(alice, bob, talk, window, size, site):
    known = ["Hello Bob", *(f"message {number}" for number in range(2, 1_001))]
    room = alice.page.evaluate("location.hash").removeprefix("#/room/")
    bob.page.get_by_role("link", name="Back to chats").click()
    site.shell.call("say", room=room, sender=alice.username, texts=known[1:])
    bob.text_is(bob.badge("Alice"), "99+")

    screen = window(size, tolerate=NETWORK_NOISE).open()
    screen.log_in(site, bob.username)
    screen.row("Alice").click()
    expect(screen.messages.last).to_have_text(known[-1])
    expect(screen.messages.last).to_be_in_viewport()
    eventually(lambda: screen.page.title() == "Chat")
    texts = screen.messages.all_inner_texts()
    assert len(texts) < 250
    assert texts == known[-len(texts) :]

    seen_first = screen.messages.first
    while (before := seen_first.inner_text()) != known[0]:
        screen.page.locator(".scroller").evaluate("scroller => scroller.scrollTop = 0")
        expect(seen_first).not_to_have_text(before)
    assert screen.messages.all_inner_texts() == known
    expect(screen.page.get_by_text("New messages")).to_be_attached()
    alice.say("still there?")
    expect(screen.page.locator(".jump .badge")).to_have_text("1")
    screen.page.get_by_role("button", name="To the newest message").click()
    expect(screen.messages.last).to_have_text("still there?")
    eventually(lambda: screen.messages.count() < 250)
    alice.ticks_become("Read")


def test_new_messages_have_a_line_above_them(alice, bob, talk):
    bob.page.get_by_role("link", name="Back to chats").click()
    for number in range(30):
        alice.say(f"line {number}")
    bob.text_is(bob.badge("Alice"), "30")
    bob.row("Alice").click()
    line = bob.page.get_by_text("New messages")
    expect(line).to_be_in_viewport()
    assert line.evaluate("line => line.closest('li').nextSibling.querySelector('.text').textContent") == "line 0"
    expect(bob.page.get_by_role("button", name="To the newest message")).to_be_visible()
