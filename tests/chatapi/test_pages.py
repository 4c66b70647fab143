"""The documents' pages in a real browser: nothing from elsewhere, nothing refused, and a token that stays."""

import shutil
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium of the system"),
    pytest.mark.django_db(transaction=True),
]


class Page:
    """A browser's page, and what it complained about or asked of other servers."""

    def __init__(self, browser: Any, base: str) -> None:
        self.base = base
        self.page = browser.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._follow)

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def _follow(self, request: Any) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"data", "blob"} and url.netloc != urlsplit(self.base).netloc:
            self.complaints.append(f"asks {request.url}")

    def open(self, path: str) -> Any:
        self.page.goto(self.base + path, wait_until="networkidle")
        return self.page


@pytest.fixture
def page(live_server):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Page(browser, live_server.url)
        browser.close()


def test_swagger_shows_every_part_and_keeps_the_token(page):
    swagger = page.open("/swagger/")
    swagger.locator(".opblock-tag").first.wait_for()
    tags = swagger.locator(".opblock-tag").evaluate_all("tags => tags.map(tag => tag.dataset.tag)")
    assert tags == ["accounts", "users", "contacts", "blocks", "conversations", "messages", "sync", "service"]
    swagger.get_by_role("button", name="Authorize").click()
    swagger.get_by_label("auth-bearer-value").fill("my-token")
    swagger.get_by_role("button", name="Apply credentials").click()
    swagger.reload(wait_until="networkidle")
    assert "my-token" in swagger.evaluate("localStorage.getItem('authorized')")
    assert page.complaints == []


def test_a_call_can_be_tried_from_the_page(page):
    swagger = page.open("/swagger/")
    swagger.locator('[data-tag="service"]').click()
    swagger.locator("#operations-service-capabilities_retrieve .opblock-summary-control").click()
    swagger.get_by_role("button", name="Execute").click()
    assert swagger.locator(".live-responses-table .response-col_status").last.inner_text().strip() == "200"
    assert page.complaints == []


def test_the_type_of_a_problem_leads_to_its_row(page):
    swagger = page.open("/swagger/#problem-not_found")
    assert swagger.locator("#problem-not_found").evaluate("row => row.matches(':target')")
    assert swagger.locator("#problem-not_found").is_visible()
    assert page.complaints == []


def test_redoc_shows_the_same_document(page):
    redoc = page.open("/redoc/")
    redoc.get_by_text("What this server can do").first.wait_for(state="attached")
    assert redoc.get_by_role("heading", name="Conventions").first.is_visible()
    assert page.complaints == []


@pytest.mark.parametrize("width", [1300, 360])
def test_the_sockets_page_needs_no_script_and_fits_a_phone(page, width):
    page.page.set_viewport_size({"width": width, "height": 800})
    sockets = page.open("/asyncapi/")
    frame = sockets.locator("#room-message\\.send\\.room")
    sockets.get_by_role("link", name="message.send").first.click()
    assert frame.evaluate("one => one.matches(':target')")
    frame.get_by_text("Example").click()
    assert '"type": "message.send"' in frame.inner_text()
    assert sockets.evaluate("document.documentElement.scrollWidth") <= width
    assert page.complaints == []


def test_the_pages_lead_to_each_other(page):
    page.open("/asyncapi/").get_by_role("link", name="REST calls (Swagger)").click()
    with page.page.context.expect_page() as opened:
        page.page.get_by_role("link", name="/asyncapi/").first.click()
    opened.value.get_by_role("heading", name="Close codes").wait_for()
    assert page.complaints == []
